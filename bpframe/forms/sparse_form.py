"""Jacobians of a whole batch as SciPy's sparse arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["sparse_array"]


def sparse_array(values: Array, columns: Array | None, batch: int, inputs: int, dtype: npt.DTypeLike) -> csr_array:
    """Make a block-diagonal array of the entries of every example's rows: (batch·outputs, batch·inputs).

    Shapes: values (batch or 1, outputs, k), as many in every row, and their columns, (batch or 1, outputs, k); where
    none are given the values are all there are, in order.
    """
    from scipy.sparse import csr_array  # SciPy is slow to import and rarely needed

    _, outputs, each = values.shape
    shape, entries = (batch, outputs, each), batch * outputs * each
    data = np.array(np.broadcast_to(values, shape), dtype).reshape(entries)
    columns = np.arange(each) if columns is None else columns
    places = np.array(np.broadcast_to(columns + np.arange(batch)[:, None, None] * inputs, shape), order="C")
    starts = np.arange(batch * outputs + 1) * each
    return csr_array((data, places.reshape(entries), starts), shape=(batch * outputs, batch * inputs))
