"""The conformance kit: run every check that a component's declarations call for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from bpframe.core.component import Component, contract_of
from bpframe.core.component.base import no_instance
from bpframe.core.graph.graph import Shape
from bpframe.errors import ContractError
from bpframe.testing.checks import CHECKS, DRAFT_CHECKS, Check, Failure, Setting, Skipped, is_draft
from bpframe.testing.checks.base import without_warnings
from bpframe.testing.own_code import place_of
from bpframe.testing.report import Outcome, Report, family_of, in_words
from bpframe.validation.array_fields import printed, replaced, same

__all__ = ["Watch", "called_for", "check_component", "check_names", "fields_of", "outcome_of"]

#: The checks that all others need: the class is read, and an instance takes its place in a graph.
FIRST: tuple[str, ...] = ("contract", "construction")

#: Told of a check's name and None before it runs, and of its outcome afterwards.
Watch = Callable[[str, Outcome | None], object]


def check_component(
    component: Component,
    shapes: Sequence[Shape] = (),
    *,
    seed: int = 0,
    only: Iterable[str] | None = None,
    watch: Watch = lambda name, outcome: None,
) -> Report:
    """Check one component instance by value, and return the report.

    Errors of the component end up in the report, never as exceptions, a SystemExit too; a KeyboardInterrupt is passed
    on.

    Parameters
    ----------
    component : the instance; its class is held to the contract first.
    shapes : the feature shape of every input; for a cost, of a; for an initializer, of the parameter.
    seed : where the points and directions come from.
    only : names of checks, such as "jacobian[w]", or their families, such as "jacobian"; all where it is left out.
    watch : told of every check before and after it runs: what a run in another process is followed by.
    """
    if not isinstance(component, Component):
        raise no_instance(Component, component, "check_component")
    wanted = None if only is None else set(only)
    try:
        given = tuple(tuple(shape) for shape in shapes)
    except TypeError:
        raise ContractError(
            "check_component wants a feature shape for every input",
            expected="a list of shapes, such as [(3,)]",
            received=repr(shapes)[:80],
        ) from None

    def wants(name: str) -> bool:
        return wanted is None or name in wanted or family_of(name) in wanted

    outcomes = [outcome_of("contract", lambda: contract_of(type(component)), watch)]
    setting: Setting | None = None
    if outcomes[0].status == "passed":
        found: list[Setting] = []
        outcomes.append(outcome_of("construction", lambda: found.append(Setting(component, given, seed)), watch))
        setting = found[0] if found else None
    names = FIRST
    if setting is not None:
        checks = _checks(setting)
        names += tuple(check.name for check in checks)
        outcomes += [outcome_of(check.name, check.run, watch) for check in checks if wants(check.name)]
    return Report(
        component=component.kind,
        fields=fields_of(component),
        shapes=given,
        seed=seed,
        called_for=tuple(filter(wants, names)),
        outcomes=tuple(each for each in outcomes if each.status == "failed" or wants(each.check)),
        notes=() if setting is None else tuple(setting.notes),
    )


def check_names(component: Component, shapes: Sequence[Shape] = ()) -> tuple[str, ...]:
    """Return the names of the checks that `check_component` would run; the first two alone where these fail."""
    try:
        contract_of(type(component))
        return (*FIRST, *called_for(Setting(component, tuple(tuple(shape) for shape in shapes), 0)))
    except Exception:  # it is told by the check itself
        return FIRST


def called_for(setting: Setting) -> tuple[str, ...]:
    """Return the names of the checks that a component's declarations call for."""
    return tuple(check.name for check in _checks(setting))


def _checks(setting: Setting) -> list[Check]:
    families = DRAFT_CHECKS if is_draft(setting) else CHECKS
    return [check for family in families for check in family(setting)]


def outcome_of(name: str, function: Callable[[], object], watch: Watch = lambda name, outcome: None) -> Outcome:
    """Run a check and return what came of it, whatever a component's code does but for a KeyboardInterrupt."""
    watch(name, None)
    started = time.perf_counter()
    found = Outcome(check=name, status="passed")
    try:
        with without_warnings():
            function()
    except Skipped as reason:
        found = Outcome(check=name, status="skipped", message=str(reason))
    except Failure as failure:
        told, rows = failure.message, (*failure.rows, *_where(failure.__cause__))
        found = Outcome(check=name, status="failed", message=told, diagnosis=failure.diagnosis, rows=rows)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a SystemExit of the component's would end the run as if all were well
        found = Outcome(check=name, status="failed", message=in_words(error), rows=_where(error))
    found = found.model_copy(update={"seconds": time.perf_counter() - started})
    watch(name, found)
    return found


def _where(error: BaseException | None) -> tuple[tuple[str, str], ...]:
    place = None if error is None else place_of(error)
    return () if place is None else (("where", place),)


def fields_of(component: Component) -> dict[str, object]:
    """Return the fields that differ from their defaults, as a report shows them."""
    return {
        name: _plain(replaced(value, printed))
        for name in type(component).model_fields
        if not same(value := getattr(component, name), type(component).model_fields[name].default)
    }


def _plain(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Component):
        return {"kind": value.kind, **fields_of(value)}
    return value if isinstance(value, bool | int | float | str | None) else repr(value)
