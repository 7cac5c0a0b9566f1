"""The present value of what may be a number or a schedule."""

from __future__ import annotations

import math

import numpy as np

from bpframe.core.component.contract import contract_of
from bpframe.core.component.schedule import Schedule
from bpframe.errors import BpframeError, ContractError
from bpframe.validation.mistakes import shortened

__all__ = ["present_value"]


def present_value(schedule: Schedule, step: int, epoch: int) -> float:
    """Return a schedule's value before step number `step`, from 0, when `epoch` epochs are over.

    Raises
    ------
    ContractError
        `value` fails, or returns something else than a finite number.

    """
    signature = contract_of(type(schedule)).methods["value"]
    try:
        value = signature.call(schedule.value, {"step": step, "epoch": epoch})  # type: ignore[attr-defined]
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
