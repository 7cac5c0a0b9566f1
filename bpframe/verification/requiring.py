"""One component, checked in the place that it takes in a network, or known from before."""

from __future__ import annotations

import inspect
import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpframe.core.component import Component, category
from bpframe.core.graph.graph import Shape
from bpframe.errors import BpframeError, ComponentCheckFailed
from bpframe.verification.fingerprint import fingerprint
from bpframe.verification.remembering import Finding, path_of, recall, remember

if TYPE_CHECKING:
    from bpframe.testing.report import Outcome, Report

__all__ = ["Place", "require"]

SEED = 0

#: The families of checks that a layer, an activation or a cost has to pass.
FAMILIES = ("contract", "construction", "shape", "dtype", "purity", "independence", "draft", "jacobian", "adjoint")

#: Those of what has no Jacobian.
OTHER_FAMILIES = (
    "contract", "construction", "update", "elementwise", "minimize", "report", "stopping", "draw", "purity",
    "determinism", "penalty", "gradient", "hessian", "quadratic", "penalty_purity", "project", "nearest",
)  # fmt: skip

#: Feature axes are cut where the component takes that, so that large networks are checked fast; shapes of at most so
#: many entries are checked as they are.
SMALL = 16

#: A Jacobian of more columns than this is checked along random directions instead of entry by entry.
COLUMNS = 160


@dataclass(frozen=True)
class Place:
    """A component, where it stands, and the feature shapes that it meets there."""

    where: str
    component: Component
    shapes: tuple[Shape, ...]

    @property
    def has_jacobian(self) -> bool:
        """Whether it is a layer, an activation or a cost."""
        return category(type(self.component)) in ("layer", "activation", "cost")


def require(place: Place) -> None:
    """Check a component, or recall what the check found.

    Errors: ComponentCheckFailed.
    """
    cls = type(place.component)
    key = fingerprint(place.component, place.shapes, FAMILIES if place.has_jacobian else OTHER_FAMILIES)
    finding = None if key is None else recall(key)
    remembered = finding is not None
    if finding is None:
        finding = _finding(place)
        if key is not None:
            remember(key, f"{cls.__module__}.{cls.__qualname__}", finding)
    if finding.problem:
        rows = list(finding.rows)
        if key is not None and remembered:
            rows.append(("remembered", f"in {path_of(key)}, until the component changes"))
        raise ComponentCheckFailed(f"{place.where} ({cls.kind}): {finding.problem}", rows=rows)


def _finding(place: Place) -> Finding:
    from bpframe.testing.kit import check_component  # only here: a finding that is remembered needs no kit

    shapes, checks = _profile(place) if place.has_jacobian else (place.shapes, OTHER_FAMILIES)
    report = check_component(place.component, shapes, seed=SEED, only=checks)
    if report.ok:
        return Finding()
    if not report.failed:
        return Finding(f"{type(place.component).__name__} was not checked", (("missing", ", ".join(report.missing)),))
    first, *others = report.failed
    rows = [*first.found]
    if first.diagnosis:
        rows.append(("diagnosis", first.diagnosis))
    rows += [("also", f"{each.check}: {each.message.splitlines()[0]}") for each in others]
    rows += _rerun(place.component, report, first)
    return Finding(f"{type(place.component).__name__} fails its check {first.check}: {first.message}", tuple(rows))


def _profile(place: Place) -> tuple[tuple[Shape, ...], tuple[str, ...]]:
    """Return small shapes that the component takes, and the checks that are quick there."""
    from bpframe.testing.shapes import shorter_shapes, taken

    large_ones = max(map(math.prod, place.shapes), default=0) > SMALL
    candidates = (*shorter_shapes(place.shapes), place.shapes) if large_ones else (place.shapes,)
    for shapes, probe in taken(place.component, candidates):
        large = [key for key, shape in probe.shapes.items() if math.prod(shape) > COLUMNS]
        if not large:
            return shapes, FAMILIES
        named = [f"directions[{key}]" if key in large else f"jacobian[{key}]" for key in probe.shapes]
        return shapes, (*(each for each in FAMILIES if each != "jacobian"), *named)
    return place.shapes, FAMILIES  # if it takes none, the checks will say why


def _rerun(component: Component, report: Report, failed: Outcome) -> list[tuple[str, str]]:
    """Say how to see the failure again: on the command line, where the class can be named there, and in Python."""
    shapes = ", ".join(str(tuple(shape)) for shape in report.shapes)
    python = f"bpframe.testing.check_component({component!r}, [{shapes}], seed={report.seed})"
    rows = [("rerun", python)]
    if name := _name(type(component)):
        command = ["bpframe", "check", name, "--seed", str(report.seed), "--only", failed.check]
        rows.insert(0, ("rerun", shlex.join(command)))
        rows[1] = ("or", python)
    return rows


def _name(cls: type[Component]) -> str | None:
    from bpframe.plugins import default_registry

    try:
        return default_registry().name_of(cls)
    except BpframeError:
        pass
    try:
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return None
    return f"{file}::{cls.__name__}" if file and file.endswith(".py") and "<locals>" not in cls.__qualname__ else None
