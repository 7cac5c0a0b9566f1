"""The column of the history that a callback watches: its numbers, and which of them are better."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.extend import Callback, DataError, History

__all__ = ["losses"]


def losses(callback: Callback, watch: str, larger: bool | None, history: History) -> list[float]:
    """Return the numbers of the watched column, of which smaller ones are better: negated where larger are.

    Errors: DataError (the history has no such column, or one of several numbers).
    """
    kind = callback.kind
    try:
        values: list[Any] = history.column(watch)
    except KeyError as error:
        raise DataError(f"{kind} watches '{watch}'", received=str(error.args[0])) from None
    if not values:
        raise DataError(
            f"{kind} watches '{watch}', which no epoch has",
            hint=f"fit(..., validation_data=(x, y)), or {type(callback).__name__}(watch='cost')",
        )
    if isinstance(values[-1], list):
        raise DataError(
            f"{kind} watches '{watch}', which is several numbers",
            expected="a column of numbers",
            received=f"an array of shape {np.shape(values[-1])}",
        )
    sign = -1.0 if (history.larger_is_better(watch) if larger is None else larger) else 1.0
    return [sign * value for value in values]
