"""One component, checked in the place that it takes in a network, or known from before."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpframe.core.component import Component, category
from bpframe.core.graph.graph import Shape
from bpframe.errors import BpframeError, ComponentCheckFailed
from bpframe.verification.cache import Verdict, path_of, recall, remember
from bpframe.verification.fingerprint import fingerprint

if TYPE_CHECKING:
    from bpframe.testing.report import Outcome, Report

__all__ = ["Subject", "require"]

SEED = 0

#: The families of checks that a layer, an activation or a cost has to pass.
FAMILIES = ("contract", "construction", "shape", "dtype", "purity", "independence", "draft", "jacobian", "adjoint")

#: Those of what has no Jacobian.
OTHER_FAMILIES = (
    "contract", "construction", "update", "elementwise", "minimize", "report", "stopping", "draw", "purity",
    "determinism",
)  # fmt: skip

#: Feature axes are cut to this length where the component takes that, so that large networks are checked fast.
AXIS = 4

#: Shapes of at most so many entries are checked as they are.
SMALL = 16

#: A Jacobian of more columns than this is checked along random directions instead of entry by entry.
COLUMNS = 160


@dataclass(frozen=True)
class Subject:
    """A component, where it stands, and the feature shapes that it meets there."""

    place: str
    component: Component
    shapes: tuple[Shape, ...]

    @property
    def has_jacobian(self) -> bool:
        """Whether it is a layer, an activation or a cost."""
        return category(type(self.component)) not in ("optimizer", "initializer")


def require(subject: Subject) -> None:
    """Check a component, or recall what the check found.

    Raises
    ------
    ComponentCheckFailed

    """
    cls = type(subject.component)
    key = fingerprint(subject.component, subject.shapes, FAMILIES if subject.has_jacobian else OTHER_FAMILIES)
    verdict = None if key is None else recall(key)
    remembered = verdict is not None
    if verdict is None:
        verdict = _verdict(subject)
        if key is not None:
            remember(key, f"{cls.__module__}.{cls.__qualname__}", verdict)
    if verdict.problem:
        rows = list(verdict.rows)
        if key is not None and remembered:
            rows.append(("remembered", f"in {path_of(key)}, until the component changes"))
        raise ComponentCheckFailed(f"{subject.place} ({cls.kind}): {verdict.problem}", rows=rows)


def _verdict(subject: Subject) -> Verdict:
    from bpframe.testing.kit import check_component  # only here: a verdict that is remembered needs no kit

    shapes, checks = _profile(subject) if subject.has_jacobian else (subject.shapes, OTHER_FAMILIES)
    report = check_component(subject.component, shapes, seed=SEED, only=checks)
    if report.ok:
        return Verdict()
    if not report.failed:
        return Verdict(f"{type(subject.component).__name__} was not checked", (("missing", ", ".join(report.missing)),))
    first, *others = report.failed
    rows = [*first.found]
    if first.diagnosis:
        rows.append(("diagnosis", first.diagnosis))
    rows += [("also", f"{each.check}: {each.message.splitlines()[0]}") for each in others]
    rows += _rerun(subject.component, report, first)
    return Verdict(f"{type(subject.component).__name__} fails its check {first.check}: {first.message}", tuple(rows))


def _profile(subject: Subject) -> tuple[tuple[Shape, ...], tuple[str, ...]]:
    """Return small shapes that the component takes, and the checks that are quick there."""
    from bpframe.core.graph.randomness import stream
    from bpframe.testing.probe import probe_of

    for shapes in _smaller(subject.shapes):
        try:
            probe = probe_of(subject.component, shapes)
            if probe is None:
                break
            probe.value(probe.sample(stream(SEED, "verification"), 2))
        except Exception:  # it does not take these shapes; if it takes none, the checks will say why
            continue
        large = [key for key, shape in probe.shapes.items() if _size(shape) > COLUMNS]
        if not large:
            return shapes, FAMILIES
        named = [f"directions[{key}]" if key in large else f"jacobian[{key}]" for key in probe.shapes]
        return shapes, (*(each for each in FAMILIES if each != "jacobian"), *named)
    return subject.shapes, FAMILIES


def _smaller(shapes: tuple[Shape, ...]) -> Iterator[tuple[Shape, ...]]:
    """Yield the shapes cut down, those with the fewest entries first, at last as they are."""
    if max(map(_size, shapes), default=0) > SMALL:
        cut = tuple(tuple(min(axis, AXIS) for axis in shape) for shape in shapes)
        yield cut
        yield tuple((*small[:-1], *shape[-1:]) for small, shape in zip(cut, shapes, strict=True))
        yield tuple((*shape[:-1], *small[-1:]) for small, shape in zip(cut, shapes, strict=True))
    yield shapes


def _size(shape: Shape) -> int:
    size = 1
    for axis in shape:
        size *= axis
    return size


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
