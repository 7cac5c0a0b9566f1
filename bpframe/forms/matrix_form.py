"""Matrices of a Jacobian, out of the entries of its rows: one for every example, or a sparse one for a whole batch.

Rows are (values, columns): the entries that may differ from zero, as many in every row. Shapes: both (B or 1, outputs,
k); no columns where the values are all there are, in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Rows", "columns_of_blocks", "dense_form", "pushed_rows", "rows_of_ones", "sparse_form"]

Rows: TypeAlias = tuple[Array, Array | None]


def pushed_rows(jvp: Callable[[Array], Array], batch: int, in_shape: tuple[int, ...], kind: Array) -> Rows:
    """Find all entries by sending unit vectors through; `kind` is an array of their kind and dtype."""
    inputs = math.prod(in_shape)
    basis = np.eye(inputs, dtype=kind.dtype, like=kind).reshape(inputs, 1, *in_shape)
    pushed = np.moveaxis(jvp(np.broadcast_to(basis, (inputs, batch, *in_shape))), 0, -1)
    return pushed.reshape(batch, math.prod(pushed.shape[1:-1]), inputs), None


def columns_of_blocks(in_shape: tuple[int, ...], out_shape: tuple[int, ...], kind: Array) -> Array | None:
    """Return the columns of a map of the last axis alone, (1, outputs, n): those of each row's entry of lead."""
    places, rows = math.prod(in_shape[:-1]), out_shape[-1]
    if places == 1:
        return None
    columns = np.arange(places * in_shape[-1], like=kind).reshape(places, 1, in_shape[-1])
    return np.broadcast_to(columns, (places, rows, in_shape[-1])).reshape(1, places * rows, in_shape[-1])


def rows_of_ones(outputs: int, inputs: int, kind: Array) -> Rows:
    """Return rows with one 1 each, in the columns 0, 1, ..., inputs − 1 and from 0 again: what passes inputs on."""
    columns = np.arange(outputs, like=kind) % max(inputs, 1)
    return np.ones_like(kind, shape=(1, outputs, 1), dtype=np.int8), columns[None, :, None]


def dense_form(rows: Rows, batch: int, inputs: int, kind: Array) -> Array:
    """Write the matrix of every example out, (batch, outputs, inputs), in the kind of array and dtype of `kind`."""
    values, columns = _there(rows, inputs)
    dtype = np.result_type(kind.dtype, values.dtype)
    if columns is None:
        return values.astype(dtype, copy=False)
    outputs = values.shape[1]
    found: Array = np.zeros_like(kind, shape=(batch, outputs, inputs), dtype=dtype)
    each = np.arange(outputs, like=kind)[:, None]
    if len(columns) == 1:
        found[:, each, columns[0]] = values
    else:
        found[np.arange(batch, like=kind)[:, None, None], each, columns] = values
    return found


def sparse_form(rows: Rows, batch: int, inputs: int, dtype: npt.DTypeLike) -> csr_array:
    """Put the matrices of a batch along the diagonal of a sparse array, (batch·outputs, batch·inputs)."""
    from scipy.sparse import csr_array  # SciPy is slow to import and rarely needed

    values, columns = _there(rows, inputs)
    outputs, each = values.shape[1:]
    shape, entries = (batch, outputs, each), batch * outputs * each
    data = np.array(np.broadcast_to(values, shape), dtype).reshape(entries)
    columns = np.arange(each) if columns is None else columns
    places = np.array(np.broadcast_to(columns + np.arange(batch)[:, None, None] * inputs, shape), order="C")
    starts = np.arange(batch * outputs + 1) * each
    return csr_array((data, places.reshape(entries), starts), shape=(batch * outputs, batch * inputs))


def _there(rows: Rows, inputs: int) -> Rows:
    """Return the entries that have a column: none where there are no inputs, and a gather reads zeros alone."""
    values, columns = rows
    return rows if inputs else (values[..., :0], None if columns is None else columns[..., :0])
