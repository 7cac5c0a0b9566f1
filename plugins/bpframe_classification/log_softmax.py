"""ln softmax, precise for probabilities near 1."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array

__all__ = ["log_softmax"]


def log_softmax(a: Array) -> Array:
    """Return a_i − ln Σ_j e^{a_j} along the last axis; what the largest entry is not adds to 1 is summed by itself."""
    shifted: Array = a - a.max(axis=-1, keepdims=True)
    largest = shifted == 0
    count = largest.sum(axis=-1, keepdims=True).astype(a.real.dtype)
    others = np.where(largest, 0, np.exp(shifted)).sum(axis=-1, keepdims=True)
    found: Array = shifted - (np.log(count) + np.log1p(others / count))
    return found
