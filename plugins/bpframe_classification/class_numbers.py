"""Targets that are class numbers, and targets that lie between two numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.extend import Array, DataError

__all__ = ["check_between", "check_classes", "one_hot"]


def check_classes(y: Array, count: int, ignore: int | None = None) -> None:
    """Refuse a class number that is none of so many classes, and not the one that stands for what is ignored.

    Errors: DataError.
    """
    wrong = (y < 0) | (y >= count) if ignore is None else ((y < 0) | (y >= count)) & (y != ignore)
    if wrong.any():
        from_one = y.min() == 1 and y.max() == count
        raise DataError(
            "a class number is outside the classes",
            expected=f"0 to {count - 1}" + ("" if ignore is None else f", or {ignore}, which is ignored"),
            received=_first(y, wrong),
            hint="classes are counted from 0: y - 1"
            if from_one
            else f"as many scores as classes: {count} are too few"
            if y.min() >= 0
            else "an `ignore` of the cost, for what is no class",
        )


def check_between(y: Array, low: float, high: float, what: str) -> None:
    """Refuse targets outside [low, high], which hold `what`.

    Errors: DataError.
    """
    wrong = (y < low) | (y > high + 1e-6)  # which is a rounding of float32
    if wrong.any():
        raise DataError(
            f"a target is no {what}",
            expected=f"{low:g} or more" if high == math.inf else f"{low:g} to {high:g}",
            received=_first(y, wrong),
        )


def _first(y: Array, wrong: Array) -> str:
    """Return the first number that is wrong, where it stands, and how many more there are."""
    place = ", ".join(str(int(each)) for each in np.argwhere(wrong)[0])
    more = np.count_nonzero(wrong) - 1
    return f"{y[wrong][0]:g} at [{place}]" + (f", and {more} more" if more else "")


def one_hot(y: Array, count: int, dtype: Any) -> Array:
    """Return rows with a 1 at the target's class."""
    found: Array = np.equal(y[..., None], np.arange(count)).astype(dtype)
    return found
