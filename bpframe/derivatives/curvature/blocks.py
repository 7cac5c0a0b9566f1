"""Diagonal blocks of the Gauss–Newton matrix, written out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.graph.graph import Graph
from bpframe.derivatives.curvature.columns import RootColumns
from bpframe.derivatives.points.memory import check_memory
from bpframe.derivatives.points.portions import Portions
from bpframe.derivatives.second_order.in_portions import unknown
from bpframe.derivatives.second_order.penalty_hessian import PenaltyHessian
from bpframe.validation.plain_arrays import Array

__all__ = ["By", "gauss_newton_blocks"]


#: What a block is of: one parameter, or all parameters of a node.
By = Literal["parameter", "node"]


def gauss_newton_blocks(
    engine: Engine,
    inputs: Mapping[str, Array],
    targets: Mapping[str, Array],
    by: By = "parameter",
    memory_limit: int | None = None,
) -> dict[str, Array]:
    """Return the diagonal blocks of the mean cost's Gauss–Newton matrix: (p, p) by parameter path, or by node.

        G_θθ = 1/N Σ_n Σ_r vec(J_nᵀ s_{n,r}) vec(J_nᵀ s_{n,r})ᵀ + ∂²R/∂θ²

    vec is C order; a node's parameters follow one another as in `parameters`, and belong to the node that owns them.

    Errors: MemoryLimitError where all blocks together are larger than the limit; DerivativeError for another `by`, and
    for a cost without a Hessian root; BatchCoupledError that names a node.
    """
    if by not in ("parameter", "node"):
        raise unknown("by", by, ("parameter", "node"))
    groups = _groups(engine.graph, by)
    shapes = engine.parameters.shapes
    sizes = {group: sum(math.prod(shapes[path]) for path in paths) for group, paths in groups.items()}
    check_memory(
        f"the Gauss–Newton blocks by {by}",
        (sum(size**2 for size in sizes.values()),),
        engine.dtype,
        memory_limit,
        "kfac or gauss_newton_diagonal; or ggn_vp, which multiplies with the whole matrix",
    )
    places: dict[str, tuple[str, slice]] = {}
    for group, paths in groups.items():
        start = 0
        for path in paths:
            end = start + math.prod(shapes[path])
            places[path] = group, slice(start, end)
            start = end
    found = {group: np.zeros((size, size), engine.dtype) for group, size in sizes.items()}
    columns, count, more_bytes = RootColumns(), 0, sum(sizes.values()) * engine.dtype.itemsize
    for _, point in Portions(engine, inputs, targets).in_turn("curvature", more_bytes):
        count += point.batch
        for seeds in columns.of(point, more_bytes):
            waiting: dict[str, list[tuple[slice, Array]]] = {group: [] for group in groups}
            for path, form in point.parameter_forms(seeds, reuse=True):
                group, place = places[path]
                vectors = form.vectors()
                waiting[group].append((place, vectors.reshape(-1, place.stop - place.start)))
                if len(waiting[group]) == len(groups[group]):
                    _add_products(found[group], waiting.pop(group))
            for group, parts in waiting.items():  # where no seed reaches a parameter
                _add_products(found[group], parts)
    for block in found.values():
        block *= 1.0 / count
    PenaltyHessian(engine.penalties, engine.parameters).add_blocks(
        {path: found[group][place, place] for path, (group, place) in places.items()}
    )
    return found


def _groups(graph: Graph, by: By) -> dict[str, list[str]]:
    if by == "parameter":
        return {path: [path] for path in graph.parameters}
    return {
        node.name: [node.parameter_path(name) for name in node.trained]
        for node in graph.nodes
        if node.trained and node.owner == node.name
    }


def _add_products(block: Array, parts: list[tuple[slice, Array]]) -> None:
    """Add the inner products of all columns of Jᵀ's transpose, part against part."""
    for place, vectors in parts:
        for other, others in parts:
            if other.start <= place.start:
                product = vectors.T @ others
                block[place, other] += product
                if other.start < place.start:
                    block[other, place] += product.T
