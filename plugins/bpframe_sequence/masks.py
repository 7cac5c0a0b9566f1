"""Which steps count: a mask, or lengths."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, DataError

__all__ = ["counting"]


def counting(mask: Array, times: int) -> Array:
    """Return which steps count, (N, T) of bool, of a mask (N, T), not 0 where one does, or of lengths (N,).

    Errors: DataError for a sequence that is longer than there are steps.
    """
    if mask.ndim == 1 and len(mask) and mask.max() > times:
        raise DataError(
            "a sequence is longer than there are steps",
            expected=f"lengths from 0 to {times}, of arrays with {times} steps",
            received=f"{mask.max()} at [{int(mask.argmax())}]",
        )
    counts: Array = np.arange(times) < mask[:, None] if mask.ndim == 1 else mask != 0
    return counts
