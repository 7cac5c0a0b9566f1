"""Schedules at the present step: their numbers, and the fields that hold them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import numpy as np
from pydantic.fields import FieldInfo

from bpframe.categories.calling import asked_fields, call_method
from bpframe.categories.schedule import Schedule
from bpframe.core.component import Component, contract_of
from bpframe.errors import BpframeError, ContractError, TrainingError
from bpframe.validation.mistakes import shortened

__all__ = ["follows_steps", "limits_of", "present_fields", "present_value"]


class Limits(NamedTuple):
    """The least and the largest number that a field takes, and whether it takes whole numbers alone."""

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False


#: Any number.
NO_LIMITS = Limits()


def limits_of(component: Component, field: str) -> Limits:
    """Return which numbers a field takes, beside a schedule: from 0 to ∞ for `PositiveFloat`.

    A schedule may reach the limits themselves: a warm-up begins at 0.
    """
    declared = type(component).model_fields[field]
    found = [_limits(choice) for choice in (get_args(declared.annotation) or (declared.annotation,))]
    numbers = [each for each in found if each is not None]
    if not numbers:
        return NO_LIMITS
    return Limits(
        min(each.low for each in numbers), max(each.high for each in numbers), all(each.whole for each in numbers)
    )


def _limits(choice: Any) -> Limits | None:
    """Return the limits of a type of numbers; None of another type."""
    kind, *metadata = get_args(choice) if get_origin(choice) is Annotated else (choice,)
    if kind not in (int, float):
        return None
    low, high, _ = NO_LIMITS
    for each in (one for outer in metadata for one in (outer.metadata if isinstance(outer, FieldInfo) else [outer])):
        for bound in (getattr(each, "gt", None), getattr(each, "ge", None)):
            low = low if bound is None else max(low, bound)
        for bound in (getattr(each, "lt", None), getattr(each, "le", None)):
            high = high if bound is None else min(high, bound)
    return Limits(low, high, kind is int)


def present_value(
    schedule: Schedule,
    step: int,
    epoch: int,
    limits: Limits = NO_LIMITS,
    history: Callable[[], Any] | None = None,
) -> float:
    """Return a schedule's value before step number `step`, from 0, when `epoch` epochs are over.

    `history` returns the history of these epochs, where there is one.

    Raises
    ------
    ContractError
        `value` fails, or returns something else than a finite number inside the limits.
    TrainingError
        It asks for the history where there is none.

    """
    words = {"step": step, "epoch": epoch, **_present(schedule, "value", step, epoch, history)}
    if _asks_for(schedule, "history"):
        words["history"] = _seen(schedule, history)
    try:
        value = call_method(schedule, "value", **words)
    except BpframeError:
        raise
    except Exception as error:
        raise ContractError(
            f"schedule '{schedule.kind}': value failed at step {step}, epoch {epoch}",
            received=f"{type(error).__name__}: {error}",
        ) from error
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        raise ContractError(
            f"schedule '{schedule.kind}': value must return a finite number",
            expected="a finite number",
            received=f"{shortened(value)} at step {step}, epoch {epoch}",
        )
    low, high, whole = limits
    if not low <= value <= high or (whole and value != int(value)):
        noun = "a whole number" if whole else "a number"
        raise ContractError(
            f"schedule '{schedule.kind}': value is none that the field takes which holds it",
            expected=f"{noun} from {low:g} on" if high == math.inf else f"{noun} from {low:g} to {high:g}",
            received=f"{value:g} at step {step}, epoch {epoch}",
        )
    return int(value) if whole else float(value)


def _seen(schedule: Schedule, history: Callable[[], Any] | None) -> Any:
    if history is None:
        raise TrainingError(
            f"schedule '{schedule.kind}' follows the history of a fit, and a loop of single steps has none",
            hint="net.fit(x, y, ...), or a schedule of steps and epochs",
        )
    return history()


def follows_steps(schedule: Schedule) -> bool:
    """Whether a schedule, or one that it holds, asks for the step; otherwise its number lasts for an epoch."""
    held = asked_fields(schedule, "value").values()
    return _asks_for(schedule, "step") or any(follows_steps(each) for each in held if isinstance(each, Schedule))


def present_fields(
    component: Component, method: str, step: int = 0, history: Callable[[], Any] | None = None
) -> dict[str, Any]:
    """Return the fields that a method asks for by name, with the present number where one holds a schedule."""
    return _present(component, method, step, 0, history)


def _present(
    component: Component, method: str, step: int, epoch: int, history: Callable[[], Any] | None
) -> dict[str, Any]:
    return {
        word: present_value(value, step, epoch, limits_of(component, word), history)
        if isinstance(value, Schedule)
        else value
        for word, value in asked_fields(component, method).items()
    }


def _asks_for(schedule: Schedule, word: str) -> bool:
    signature = contract_of(type(schedule)).methods.get("value")
    return signature is not None and signature.asks_for(word)
