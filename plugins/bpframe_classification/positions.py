"""Weights of entries, or of positions whose entries are added up."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array

__all__ = ["spread", "total"]


def spread(each: Array, weight: Array) -> Array:
    """Return entries times their weight, or that of their position; 0 where it is 0, also beside an infinity or NaN.

    Shapes: weight (N, *positions), each (N, *positions) or (N, *positions, entries) -> the shape of `each`.
    """
    weight = weight.reshape(*weight.shape, *(1,) * (each.ndim - weight.ndim))
    found: Array = np.where(weight == 0, 0, each) * weight
    return found


def total(each: Array, weight: Array) -> Array:
    """Return what an example costs: the sum over its entries, (N,).

    Shapes: as in `spread`.
    """
    whole: Array = spread(each, weight).sum(axis=tuple(range(1, each.ndim)))
    return whole
