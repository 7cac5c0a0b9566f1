"""The numbers that an optimizer's schedules had, for the record of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bpframe.categories import Optimizer, Schedule
from bpframe.categories.present import limits_of, present_value
from bpframe.training.held_rule import below, counter_of
from bpframe.validation.plain_arrays import Array

__all__ = ["scheduled_numbers"]


def scheduled_numbers(
    optimizer: Optimizer,
    steps: int,
    epoch: int,
    history: Callable[[], Any] | None,
    state: Mapping[str, Array],
    inside: str = "",
) -> dict[str, float]:
    """Return what every field of an optimizer that holds a schedule was at the last of its steps.

    Those of a rule that it holds, too: the rule counts steps of its own, which are in the `state`.
    """
    found: dict[str, float] = {}
    for name in type(optimizer).model_fields:
        value = getattr(optimizer, name)
        if isinstance(value, Schedule):
            found[name] = present_value(value, max(0, steps - 1), epoch, limits_of(optimizer, name), history)
        elif isinstance(value, Optimizer) and (count := counter_of(inside + name)) in state:
            held = scheduled_numbers(value, int(state[count]), epoch, history, state, below(f"{inside}{name}", ""))
            found = {**held, **found}
    return found
