"""Targets that are class numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.extend import Array, DataError

__all__ = ["is_class", "one_hot"]


def is_class(y: Array, count: int) -> Array:
    """Return for each target and class whether it is this one, (*targets, classes) of bool.

    Errors: DataError for a number that is no class.
    """
    if y.size and (y.min() < 0 or y.max() >= count):
        raise DataError(
            "a class number is outside the classes",
            expected=f"0 to {count - 1}",
            received=str(y[(y < 0) | (y >= count)][0]),
        )
    found: Array = np.equal(y[..., None], np.arange(count))
    return found


def one_hot(y: Array, count: int, dtype: Any) -> Array:
    """Return rows with a 1 at the target's class."""
    return is_class(y, count).astype(dtype)
