"""What an index map does to arrays: read at positions, and add to them."""

from __future__ import annotations

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["gathered", "scattered"]


def gathered(positions: Array, flat: Array, padding: Array | None) -> Array:
    """Read positions (P,), zero where there is padding: (count, size) -> (count, P)."""
    if flat.shape[1] == 0:
        return np.zeros_like(flat, shape=(flat.shape[0], positions.size))
    read = np.take(flat, positions, axis=1)
    return np.where(padding, 0, read) if padding is not None and padding.any() else read


def scattered(
    positions: Array, flat: Array, padding: Array | None, size: int, alone: bool, out: Array | None = None
) -> Array:
    """Add to positions (P,), but for padding: (count, P) -> (count, size); `alone`, no position may occur twice.

    `out` is where the result is written, if it is given.
    """
    if padding is not None and padding.any():
        kept = ~padding
        positions, flat = positions[kept], flat[:, kept]
    result = np.zeros_like(flat, shape=(flat.shape[0], size)) if out is None else out
    if out is not None:
        out[...] = 0
    if alone and _all_different(positions, size):
        result[:, positions] = flat
        return result
    for row, values in zip(result, flat, strict=True):
        np.add.at(row, positions, values)
    return result


def _all_different(positions: Array, size: int) -> bool:
    """Whether no position occurs twice."""
    met = np.zeros_like(positions, shape=size, dtype=bool)
    met[positions] = True
    return int(np.count_nonzero(met)) == positions.size
