"""The diagonal of the Hessian, exact, on any graph."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.steps import BackwardStep
from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.graph import Node
from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.curvature.bending import (
    WeightedColumns,
    bending_bytes,
    bending_columns,
    columns_of,
    written_out,
)
from bpframe.derivatives.curvature.columns import RootColumns
from bpframe.derivatives.first_order.spaces import space_of
from bpframe.derivatives.points.linearisation import Linearisation, by_slot, refuse_coupling
from bpframe.derivatives.points.memory import example_bytes, portions
from bpframe.derivatives.points.portions import Portions
from bpframe.derivatives.points.walk_back import walk_back
from bpframe.derivatives.second_order.declared import Blocks, block_product, needs_second_order, second_order
from bpframe.derivatives.second_order.hvp import HessianProduct
from bpframe.errors import DerivativeError
from bpframe.validation.plain_arrays import Array

__all__ = ["hessian_diagonal"]


#: Other curvature does without the errors that are asked for here, and does not check them.
PURPOSE = "hessian diagonal"


def hessian_diagonal(engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array]) -> ParameterVector:
    """Return the diagonal of the mean cost's Hessian ∂²C/∂θ².

    Where one node alone uses θ, the chain rule of second order adds over the cost and over the nodes i that bend:

        ∂²C_n/∂θ² = J_nᵀ H_n J_n + Σ_i D_iᵀ H_i[δ_i] D_i + H_θθ[δ]

    D_i is the Jacobian of the inputs of i in θ, and H_i[δ_i] = Σ_k δ_ik ∂²v_ik/∂s∂t what the component declares as its
    second order. Each term is a sum of squares Σ c (D_iᵀ q)² with weights c of either sign, whose vectors q are pulled
    back like any error: an entry of an activation with σ'' ≠ 0 is one vector. Where several nodes share θ, unit vectors
    are multiplied with the Hessian.

    Errors: DerivativeError that names a cost without hessian, or a node that bends and declares no second order;
    BatchCoupledError that names a node.

    Source: Dangel, Kunstner and Hennig, BackPACK: Packing more into Backprop (2020), appendix A.3, for chains of
    layers with elementwise activations.
    """
    users: dict[str, int] = {}
    for node in engine.graph.nodes:
        for name in node.trained:
            users[node.parameter_path(name)] = users.get(node.parameter_path(name), 0) + 1
    examples, found = Portions(engine, inputs, targets), engine.parameters.like()
    for _, point in examples.in_turn(PURPOSE, _bytes_besides(examples)):
        for columns, weights in _columns(point, found, users):
            for path, form in point.parameter_forms(columns, reuse=True):
                if users[path] == 1:
                    found.views[path][...] += form.sum_of_squares(weights)
        shared = [path for path in found if users[path] > 1]
        if shared:
            _add_by_unit_vectors(engine, point, shared, found)
    found.vector *= 1.0 / examples.count
    return found


def _columns(point: Linearisation, found: ParameterVector, users: Mapping[str, int]) -> Iterator[WeightedColumns]:
    """Yield the vectors of the cost and of every node that bends; add H_θθ where a node bends in its own θ."""
    trace = point.trace
    yield from _cost_columns(point)
    for each, blocks in _bending(point):
        node = each.step.node
        for name in node.trained:
            path = node.parameter_path(name)
            if users[path] == 1 and (name, name) in blocks:
                found.views[path][...] += _own_bending(trace, node, name, blocks)
        yield from bending_columns(trace, node, blocks, [key for key, _ in each.edges])


def _bending(point: Linearisation) -> Iterator[tuple[BackwardStep, Blocks]]:
    """Yield every node that can bend in its inputs or in its parameters, with its second order at its error."""
    trace = point.trace
    for each, delta, jacobian in walk_back(trace, trace.plan.to_parameters, by_slot(trace.plan, point.errors)):
        node = each.step.node
        refuse_coupling(node, jacobian)
        if any(needs_second_order(node, some, some) for some in ([key for key, _ in each.edges], node.trained)):
            yield each, second_order(trace, each.step, delta)


def _bytes_besides(examples: Portions) -> int:
    """Return what the largest second order takes that has to be written out, per example, from a look at one."""
    point = Linearisation.at(examples.engine, *examples.arrays(slice(0, 1)))
    return max(
        (
            bending_bytes(point.trace, each.step.node, blocks, [key for key, _ in each.edges])
            for each, blocks in _bending(point)
        ),
        default=0,
    )


def _cost_columns(point: Linearisation) -> Iterator[WeightedColumns]:
    """Yield the columns of the costs' roots, or eigenvectors of the Hessians where one has no root."""
    trace, hessians = point.trace, point.hessians
    try:
        point.roots  # noqa: B018  # asked for here: what is raised later is no missing root
    except DerivativeError:
        for output, hessian in hessians.items():
            yield from columns_of(trace, written_out(hessian, trace.batch, trace.dtype), {output: hessian.in_shape})
        return
    for columns in RootColumns().of(point):
        stack = len(next(iter(columns.values())))
        yield columns, np.ones((stack, point.batch), trace.dtype)


def _own_bending(trace: Trace, node: Node, name: str, blocks: Blocks) -> Array:
    """Return the diagonal of Σ_n H_θθ[δ_n] of one parameter, from unit vectors."""
    shape = node.slot_shapes[name]
    size = math.prod(shape)
    found = np.zeros(size, trace.dtype)
    for part, units in _unit_vectors(size, trace.batch * size * trace.dtype.itemsize, trace.dtype):
        product = block_product(blocks, node, name, name, units.reshape(-1, *shape), trace.batch)
        if product is not None:
            found[part] = np.einsum("kk->k", product.reshape(-1, size)[:, part])
    return found.reshape(shape)


def _add_by_unit_vectors(engine: Engine, point: Linearisation, paths: Sequence[str], found: ParameterVector) -> None:
    product = HessianProduct(point, space_of(engine.graph, "parameters", point.batch, engine.dtype))
    each = point.batch * example_bytes(engine.graph.shapes.values(), engine.dtype) + engine.parameters.vector.nbytes
    for path in paths:
        view = found.views[path]
        for part, units in _unit_vectors(view.size, each, engine.dtype):
            columns = product({path: units.reshape(-1, *view.shape)}, (len(units),))
            if path in columns:
                view.reshape(-1)[part] += np.einsum("kk->k", columns[path].reshape(-1, view.size)[:, part])


def _unit_vectors(size: int, bytes_each: int, dtype: Any) -> Iterator[tuple[slice, Array]]:
    """Yield the rows of the identity matrix, as many at a time as temporary arrays allow, and which they are."""
    for part in portions(size, bytes_each):
        yield part, np.eye(part.stop - part.start, size, part.start, dtype)
