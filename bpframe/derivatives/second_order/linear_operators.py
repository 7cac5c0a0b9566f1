"""A network's Jacobian and the matrices of second order as SciPy's linear operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.jvp import jvp
from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.first_order.pull_back import pull_back
from bpframe.derivatives.first_order.spaces import Space, Wrt, space_of
from bpframe.derivatives.points.memory import example_bytes, portions
from bpframe.derivatives.second_order.in_portions import (
    KINDS,
    PENALISED,
    Kind,
    Method,
    Product,
    in_portions,
    product_at,
    unknown,
)
from bpframe.derivatives.second_order.penalty_hessian import PenaltyHessian
from bpframe.errors import DataError
from bpframe.forms.scipy_view import linear_operator
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["OperatorKind", "curvature_operator", "jacobian_operator"]

OperatorKind = Literal["jacobian", "hessian", "gauss_newton", "fisher", "empirical_fisher"]


def curvature_operator(
    engine: Engine,
    kind: Kind,
    inputs: Mapping[str, Array],
    targets: Mapping[str, Array],
    wrt: Wrt,
    method: Method,
    training: bool,
    parameters: ParameterVector,
) -> LinearOperator:
    """Return a symmetric matrix of the mean cost, (P, P), or (N·in, N·in) in the inputs, linearised once.

    Errors: those of `product_at`.
    """
    if kind not in KINDS:
        raise unknown("kind", kind, ("jacobian", *KINDS))
    product: Product = product_at(engine, kind, inputs, targets, wrt, method, training, parameters)
    space = product.space
    penalised = wrt == "parameters" and kind in PENALISED and bool(engine.penalties)
    penalties = PenaltyHessian(engine.penalties, parameters) if penalised else None

    def times(vectors: Array) -> Array:
        stack, change = vectors.shape[:-1], space.split(_real(vectors, space.dtype))
        found = in_portions(product, engine.graph, change, stack)
        total: Array = space.join(found, stack)
        total *= 1 / product.batch
        if penalties is not None:
            penalties.add_product(change, space.split(total), stack)
        return total

    return linear_operator(times, times, (space.size,), (space.size,), space.dtype)


def jacobian_operator(trace: Trace, wrt: Wrt) -> LinearOperator:
    """Return the Jacobian of all outputs, (N·out, P), or (N·out, N·in) in the inputs.

    Rows lie in the order of the outputs, then of examples and features; columns as in `Space`.
    """
    plan, batch = trace.plan, trace.batch
    space = space_of(plan.graph, wrt, batch, trace.dtype)
    rows = Space(wrt, {name: (batch, *plan.graph.shapes[name]) for name in plan.graph.outputs}, space.dtype)

    def push(vectors: Array) -> Array:
        change, stack = space.split(vectors), vectors.shape[:-1]
        inputs, parameters = (change, {}) if wrt == "inputs" else ({}, change)
        return rows.join(jvp(trace, inputs, parameters, stack), stack)

    def pull(vectors: Array) -> Array:
        return space.join(pull_back(trace, space, rows.split(vectors)), vectors.shape[:-1])

    bytes_each = batch * example_bytes(plan.graph.shapes.values(), space.dtype)
    return linear_operator(
        _by_portions(push, bytes_each, rows), _by_portions(pull, bytes_each, space),
        (space.size,), (rows.size,), space.dtype,
    )  # fmt: skip


def _by_portions(product: Callable[[Array], Array], bytes_each: int, space: Space) -> Callable[[Array], Array]:
    """Return a product that takes as many vectors at a time as temporary arrays allow; `space` is that of results."""

    def taken(vectors: Array) -> Array:
        vectors = _real(vectors, space.dtype)
        if vectors.ndim == 1:
            return product(vectors)
        found = np.empty((len(vectors), space.size), space.dtype)
        for part in portions(len(vectors), bytes_each):
            found[part] = product(vectors[part])
        return found

    return taken


def _real(vectors: Array, dtype: np.dtype[Any]) -> Array:
    if vectors.dtype.kind not in "fiub":
        raise DataError("a network's derivatives multiply real vectors", received=str(vectors.dtype))
    return vectors.astype(dtype, copy=False)
