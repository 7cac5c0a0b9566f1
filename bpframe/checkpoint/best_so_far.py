"""Whether an epoch is the best of its training so far."""

from __future__ import annotations

import math

from bpframe.training.history import History

__all__ = ["last_is_best"]


def last_is_best(history: History, column: str, past: int) -> bool:
    """Whether the last epoch's value of a column is better than that of every epoch of the training before it."""
    values = History(epochs=history.epochs[past:]).column(column)
    if not values or math.isnan(values[-1]):
        return False
    sign = 1 if history.larger_is_better(column) else -1
    return all(math.isnan(each) or sign * values[-1] > sign * each for each in values[:-1])
