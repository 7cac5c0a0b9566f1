"""Schedules at the present step: their numbers, and the fields that hold them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.categories.calling import call_method
from bpframe.categories.schedule import Schedule
from bpframe.core.component import Component, contract_of
from bpframe.errors import BpframeError, ContractError
from bpframe.validation.mistakes import shortened

__all__ = ["present_fields", "present_value"]


def present_value(schedule: Schedule, step: int, epoch: int) -> float:
    """Return a schedule's value before step number `step`, from 0, when `epoch` epochs are over.

    Raises
    ------
    ContractError
        `value` fails, or returns something else than a finite number.

    """
    try:
        value = call_method(schedule, "value", step=step, epoch=epoch)
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
    return float(value)


def present_fields(component: Component, method: str, step: int = 0) -> dict[str, Any]:
    """Return the fields that a method asks for by name, with the present number where one holds a schedule."""
    words = contract_of(type(component)).methods[method].words
    fields = {word: getattr(component, word) for word in words if word in type(component).model_fields}
    return {
        word: present_value(value, step, 0) if isinstance(value, Schedule) else value for word, value in fields.items()
    }
