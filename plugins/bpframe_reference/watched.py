"""The column of the history that a callback watches: its numbers, and which of them are better."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.extend import Callback, DataError, History

__all__ = ["latest_loss"]


def latest_loss(callback: Callback, watch: str, larger: bool | None, history: History) -> float | None:
    """Return the last epoch's number of the watched column, smaller ones being better: negated where larger are.

    None where only other epochs have one.

    Errors: DataError (the history has no such column, or one of several numbers).
    """
    last = History(epochs=history.epochs[-1:], directions=history.directions)
    values: list[Any] = []
    for each in (last, history):
        try:
            values = each.column(watch)
        except KeyError as error:
            if each is history:
                raise DataError(f"{callback.kind} watches '{watch}'", received=str(error.args[0])) from None
        if values:
            break
    else:
        raise DataError(
            f"{callback.kind} watches '{watch}', which no epoch has",
            hint=f"fit(..., validation_data=(x, y)), or {type(callback).__name__}(watch='cost')",
        )
    if each is history:
        return None
    if isinstance(values[-1], list):
        raise DataError(
            f"{callback.kind} watches '{watch}', which is several numbers",
            expected="a column of numbers",
            received=f"an array of shape {np.shape(values[-1])}",
        )
    value = float(values[-1])
    return -value if (history.larger_is_better(watch) if larger is None else larger) else value
