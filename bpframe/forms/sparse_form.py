"""Jacobians of a whole batch as SciPy's sparse arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["block_diagonal", "placed"]


def block_diagonal(blocks: Array, count: int, dtype: npt.DTypeLike) -> csr_array:
    """Set matrices along the diagonal: (count or 1, m, n) -> (count·m, count·n); one block stands for all."""
    rows, columns = blocks.shape[1:]
    starts = np.arange(count)[:, None, None] * columns
    indices = np.broadcast_to(starts + np.arange(columns), (count, rows, columns))
    return placed(np.broadcast_to(blocks, indices.shape), indices, count * columns, dtype)


def placed(values: Array, indices: Array, columns: int, dtype: npt.DTypeLike) -> csr_array:
    """Make a sparse array in which every row has equally many entries: values and their columns, (*rows, each)."""
    from scipy.sparse import csr_array  # SciPy is slow to import and rarely needed

    each, rows = indices.shape[-1], math.prod(indices.shape[:-1])
    data = np.array(values, dtype).reshape(rows * each)
    starts = np.arange(rows + 1) * each
    return csr_array((data, indices.reshape(rows * each), starts), shape=(rows, columns))
