"""Whether an array is one-hot."""

from __future__ import annotations

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["is_one_hot"]


def is_one_hot(y: Array) -> bool:
    """Return whether every row has a single 1 among zeros, two columns or more: (N, K) with K >= 2."""
    if y.ndim != 2 or y.shape[1] < 2 or len(y) == 0:
        return False
    ones = y == 1
    return bool((np.count_nonzero(ones, axis=1) == 1).all() and ((y == 0) | ones).all())
