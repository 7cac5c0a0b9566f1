"""Products of Jacobians that are held as matrices, one for each example or one for all.

J is (B, m, n), with B the number of examples, or 1 where all share it. A stack of rows times a shared matrix is one
matrix product, (N·m, k) @ (k, n), and what is shared on both sides is multiplied once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from bpframe.core.backprop.results import check_product
from bpframe.derivatives.jacobian.edge import Edge
from bpframe.validation.plain_arrays import Array

__all__ = ["Matrices", "accumulated", "added", "multiplied", "pulled", "pushed", "through", "written"]


#: OpenBLAS starts its threads for products of more multiplications than this. For each example anew that costs more
#: than it saves where so few columns meet that the time goes into writing the result; on a busy machine very much more.
ONE_THREAD, THIN = 4 * 65536, 32


class Matrices(NamedTuple):
    """A Jacobian as matrices, one array j (B, m, n); `fresh` says that the array is nobody else's."""

    j: Array
    fresh: bool


def written(edge: Edge, like: Array) -> Matrices:
    """Write a local Jacobian out from the entries that it holds."""
    return Matrices(edge.written(like), False)


def accumulated(edge: Edge, like: Array, batch: int, forward: bool) -> Matrices:
    """Write a local Jacobian out with unit vectors, pushed forward or pulled back."""
    size = edge.inputs if forward else edge.outputs
    unit = Matrices(np.eye(size, dtype=like.dtype, like=like)[None], False)
    return pushed(unit, edge, batch) if forward else pulled(unit, edge, batch)


def multiplied(later: Matrices, earlier: Matrices, out: Array | None = None) -> Matrices:
    """Return `later` times `earlier`, in `out`, (N, m, n), where that is given and fits."""
    left, right = later.j, earlier.j
    examples = max(len(left), len(right))
    if out is not None and examples != len(out):
        out = None
    if len(right) == 1 and len(left) > 1:
        rows = left.reshape(len(left) * left.shape[1], left.shape[2])
        flat = None if out is None else out.reshape(len(rows), out.shape[2])
        return Matrices(np.matmul(rows, right[0], out=flat).reshape(len(left), left.shape[1], right.shape[2]), True)
    if out is None and len(left) == 1 and len(right) > 1 and right.swapaxes(1, 2).flags.c_contiguous:
        columns = right.swapaxes(1, 2).reshape(len(right) * right.shape[2], right.shape[1])
        product = np.matmul(columns, left[0].T).reshape(len(right), right.shape[2], left.shape[1])
        return Matrices(product.swapaxes(1, 2), True)
    return Matrices(_example_by_example(left, right, out), True)


def pulled(rows: Matrices, edge: Edge, batch: int, out: Array | None = None) -> Matrices:
    """Pull the rows of a Jacobian back through a function: (B, m, outputs) -> (B, m, inputs)."""
    if edge.is_matrix:
        return multiplied(rows, written(edge, rows.j), out)
    u, operator = rows.j, edge.operator
    count, shape = u.shape[1], operator.in_shape
    if edge.shared:  # the rows of all examples are a batch of their own: N·m of them, where they lie
        found = operator.vjp(u.reshape(len(u), count, *operator.out_shape))
        check_product(edge.node, edge.key, "vjp", found, (len(u), count, *shape), u.dtype)
        return _matrices(found.reshape(len(u), count, edge.inputs), rows, edge)
    stack = _every(u, batch).swapaxes(0, 1).reshape(count, batch, *operator.out_shape)
    buffer = np.empty_like(u, shape=(batch, count, edge.inputs), order="C") if out is None else out
    found = operator.vjp(stack, buffer.swapaxes(0, 1).reshape(count, batch, *shape))
    check_product(edge.node, edge.key, "vjp", found, (count, batch, *shape), u.dtype)
    return _matrices(found.reshape(count, batch, edge.inputs).swapaxes(0, 1), rows, edge)


def pushed(columns: Matrices, edge: Edge, batch: int, out: Array | None = None) -> Matrices:
    """Push the columns of a Jacobian forward through a function: (B, inputs, n) -> (B, outputs, n)."""
    if edge.is_matrix:
        return multiplied(written(edge, columns.j), columns, out)
    v, operator = columns.j, edge.operator
    count, shape = v.shape[2], operator.out_shape
    if edge.shared:
        found = operator.jvp(v.swapaxes(1, 2).reshape(len(v), count, *operator.in_shape))
        check_product(edge.node, edge.key, "jvp", found, (len(v), count, *shape), v.dtype)
        return _matrices(found.reshape(len(v), count, edge.outputs).swapaxes(1, 2), columns, edge)
    stack = _every(v, batch).transpose(2, 0, 1).reshape(count, batch, *operator.in_shape)
    # Columns are kept one behind the other, as the next push needs them, unless the result has its place already.
    buffer = np.empty_like(v, shape=(batch, count, edge.outputs), order="C") if out is None else out.swapaxes(1, 2)
    found = operator.jvp(stack, buffer.swapaxes(0, 1).reshape(count, batch, *shape))
    check_product(edge.node, edge.key, "jvp", found, (count, batch, *shape), v.dtype)
    return _matrices(found.reshape(count, batch, edge.outputs).transpose(1, 2, 0), columns, edge)


def through(j: Matrices, edges: Iterable[Edge], batch: int, forward: bool, out: Array | None = None) -> Matrices:
    """Push a Jacobian through edges, or pull it back, where nobody else needs it any more."""
    passed = list(edges)
    for edge in passed:
        target = out if edge is passed[-1] else None
        found = pushed(j, edge, batch, target) if forward else pulled(j, edge, batch, target)
        j = Matrices(found.j, found.fresh or (j.fresh and found.j.flags.writeable))
    return j


def added(first: Matrices, second: Matrices) -> Matrices:
    """Add two Jacobians, in the memory of one that is nobody else's."""
    for one, other in ((first, second), (second, first)):
        if one.fresh and len(one.j) >= len(other.j) and one.j.flags.writeable:
            return Matrices(np.add(one.j, other.j, out=one.j), True)
    return Matrices(np.add(first.j, second.j), True)


def _example_by_example(left: Array, right: Array, out: Array | None) -> Array:
    """Multiply (B, m, k) by (B, k, n): -> (B, m, n); thin products in blocks of rows that one thread does."""
    rows, (inner, columns) = left.shape[1], right.shape[1:]
    most = ONE_THREAD // max(inner * columns, 1)
    if inner > THIN or rows <= most or most == 0:
        product: Array = np.matmul(left, right, out=out)
        return product
    block = max(size for size in range(1, most + 1) if rows % size == 0)
    shape = (max(len(left), len(right)), rows, columns)
    result = np.empty_like(left, shape=shape, order="C") if out is None else out
    blocks = left.reshape(len(left), rows // block, block, inner)
    np.matmul(blocks, right[:, None], out=result.reshape(shape[0], rows // block, block, columns))
    return result


def _every(j: Array, batch: int) -> Array:
    return j if len(j) == batch else np.broadcast_to(j, (batch, *j.shape[1:]))


def _matrices(found: Array, source: Matrices, edge: Edge) -> Matrices:
    """A product may be its argument, or a view of it, or read-only, or memory that the operator uses again."""
    if edge.apart:
        return Matrices(found.copy(), True)
    return Matrices(found, found.flags.writeable and not np.may_share_memory(found, source.j))
