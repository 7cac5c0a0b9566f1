"""What a node's own bending adds to second derivatives upstream of it, as weighted vectors of its inputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.graph import Node
from bpframe.core.graph.parameters import slices_of
from bpframe.core.operators import Diagonal, Operator
from bpframe.derivatives.curvature.columns import column_portions
from bpframe.derivatives.points.memory import check_memory
from bpframe.derivatives.second_order.declared import Blocks
from bpframe.validation.plain_arrays import Array

__all__ = ["WeightedColumns", "bending_bytes", "bending_columns", "columns_of", "written_out"]


#: Vectors (K, N, *features) by the name of the value that they belong to, and their weights (K, N).
WeightedColumns = tuple[dict[str, Array], Array]


def bending_columns(trace: Trace, node: Node, blocks: Blocks, keys: Sequence[str]) -> Iterator[WeightedColumns]:
    """Write the second order of a node in its inputs as squares, a few columns at a time.

        Σ_{s,t} dsᵀ H[s, t] dt = Σ_k c_k (Σ_s ⟨q_{k,s}, ds⟩)²        for every example

    Entry by entry (an activation, a product) the columns are unit vectors, and 2 x y = ½ (x + y)² − ½ (x − y)² splits
    what joins two inputs; otherwise they are eigenvectors. `keys` are the inputs that count.
    """
    pairs = _pairs(blocks, keys)
    if _is_entrywise(pairs):
        for (s, t), block in pairs.items():
            yield from _unit_columns(trace, node, s, t, block)
    else:
        yield from _eigenvectors(trace, node, pairs)


def bending_bytes(trace: Trace, node: Node, blocks: Blocks, keys: Sequence[str]) -> int:
    """Return the bytes that writing a node's second order out takes for one example; 0 where it works by entries.

    Errors: MemoryLimitError where that is more than the usual limit.
    """
    pairs = _pairs(blocks, keys)
    if _is_entrywise(pairs):
        return 0
    size = sum(math.prod(node.slot_shapes[key]) for key in {key for pair in pairs for key in pair})
    what = f"{node.where}: its second order, written out for one example,"
    check_memory(what, (size, size), trace.dtype, None, "hvp, which multiplies with the Hessian")
    return 4 * size**2 * int(trace.dtype.itemsize)  # the matrix, its blocks, eigenvectors and a copy of them


def columns_of(trace: Trace, matrix: Array, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[WeightedColumns]:
    """Write symmetric matrices (N, q, q) as weighted squares of their eigenvectors.

    `shapes` are those of the values, by name, that the q entries belong to, one after another.
    """
    values, vectors = np.linalg.eigh(matrix)
    count, places = matrix.shape[-1], slices_of(shapes)
    for part in column_portions(trace, count):
        columns = {}
        for name, rows in places.items():
            some = np.moveaxis(vectors[:, rows, part], -1, 0)
            columns[name] = np.ascontiguousarray(some).reshape(*some.shape[:2], *shapes[name])
        yield columns, np.ascontiguousarray(values[:, part].T)


def written_out(operator: Operator, batch: int, dtype: Any) -> Array:
    """Write an operator out, for every example: (N, outputs, inputs).

    Not by `dense`: an operator need not say that it holds one map per example.
    """
    size = math.prod(operator.in_shape)
    units = np.eye(size, dtype=dtype).reshape(size, 1, *operator.in_shape)
    pushed = operator.jvp(np.broadcast_to(units, (size, batch, *operator.in_shape)))
    return np.moveaxis(pushed.reshape(size, batch, math.prod(operator.out_shape)), 0, -1)


def _pairs(blocks: Blocks, keys: Sequence[str]) -> dict[tuple[str, str], Operator]:
    """Return the blocks between these inputs, one of every transposed pair."""
    pairs = {}
    for s, t in itertools.combinations_with_replacement(keys, 2):
        pair = (s, t) if (s, t) in blocks else (t, s)
        if pair in blocks:
            pairs[pair] = blocks[pair]
    return pairs


def _is_entrywise(pairs: Mapping[tuple[str, str], Operator]) -> TypeGuard[Mapping[tuple[str, str], Diagonal]]:
    return all(isinstance(block, Diagonal) for block in pairs.values())


def _unit_columns(trace: Trace, node: Node, s: str, t: str, block: Diagonal) -> Iterator[WeightedColumns]:
    """Yield unit vectors of s, weighted by d; for two inputs e_s + e_t and e_s − e_t, weighted by ½ d and −½ d."""
    sources = dict(zip(node.input_keys, node.sources, strict=True))
    shape = node.slot_shapes[s]
    size, batch = math.prod(shape), trace.batch
    weights = np.broadcast_to(block.d, (batch, *shape)).reshape(batch, size).T
    for part in column_portions(trace, size):
        count = part.stop - part.start
        units = np.zeros((count, 1, size), trace.dtype)
        units[np.arange(count), 0, np.arange(part.start, part.stop)] = 1
        columns = np.broadcast_to(units.reshape(count, 1, *shape), (count, batch, *shape))
        if s == t:
            yield {sources[s]: columns}, weights[part]
        elif sources[s] == sources[t]:  # both inputs are one value x: 2 x d x
            yield {sources[s]: columns}, 2 * weights[part]
        else:
            for sign in (1, -1):
                yield {sources[s]: columns, sources[t]: sign * columns}, sign * weights[part] / 2


def _eigenvectors(trace: Trace, node: Node, pairs: Mapping[tuple[str, str], Operator]) -> Iterator[WeightedColumns]:
    sources = dict(zip(node.input_keys, node.sources, strict=True))
    names = dict.fromkeys(sources[key] for pair in pairs for key in pair)
    shapes = {name: trace.plan.graph.shapes[name] for name in names}
    places, size = slices_of(shapes), sum(map(math.prod, shapes.values()))
    matrix = np.zeros((trace.batch, size, size), trace.dtype)
    for (s, t), block in pairs.items():
        rows, columns = places[sources[s]], places[sources[t]]
        dense = written_out(block, trace.batch, trace.dtype)
        matrix[:, rows, columns] += dense
        if s != t:
            matrix[:, columns, rows] += dense.swapaxes(-1, -2)
    yield from columns_of(trace, matrix, shapes)
