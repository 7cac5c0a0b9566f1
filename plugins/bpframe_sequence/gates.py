"""What gates let through, and what they hold back, both with all their digits."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array

__all__ = ["largest_power", "open_gates"]


def open_gates(negative: Array, largest: Array, opened: Array, closed: Array) -> None:
    """Write σ(a) = 1/(1 + e) into `opened` and 1 − σ(a) = e σ(a) into `closed`, e = exp(−a).

    `negative` is −a, which is written over; `largest` is what `largest_power` returned.
    """
    np.minimum(negative, largest, out=negative)
    np.exp(negative, out=negative)
    np.add(negative, 1, out=opened)
    np.reciprocal(opened, out=opened)
    np.multiply(negative, opened, out=closed)


def largest_power(like: Array) -> Array:
    """Return a number whose exponential the dtype of an array can hold, as an array without axes."""
    held = like.dtype if like.dtype.kind in "fc" else np.dtype(np.float64)  # what symbols stand for
    return np.full_like(like, np.log(np.finfo(held).max) - 1, shape=())
