"""The residuals' Jacobian as a linear operator, of which nothing is written out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bpframe.core.backprop.jvp import jvp
from bpframe.core.graph.parameters import views_of
from bpframe.derivatives.first_order.vjp import parameter_vjp
from bpframe.derivatives.points.linearisation import Linearisation, refuse_coupling
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["residual_operator"]


def residual_operator(point: Linearisation) -> LinearOperator:
    """Return R, (K, P), as products with it: vectors are pushed and pulled through a kept pass, several at once.

        R v = S_nᵀ (J_n v) / √N,    Rᵀ u = Σ_n J_nᵀ (S_n u_n) / √N

    Errors: BatchCoupledError that names a node whose component couples the examples.
    """
    from scipy.sparse.linalg import LinearOperator

    trace, count, scale = point.trace, point.batch, 1.0 / math.sqrt(point.batch)
    for step in trace.plan.steps:
        refuse_coupling(step.node, trace.jacobian(step.node.name))
    trace.workspace.checked = True
    parameters = trace.workspace.parameters
    rows, size, shapes = count * point.root_count, parameters.vector.size, parameters.shapes

    def push(tangent: Array) -> Array:
        stack = np.ascontiguousarray(tangent.reshape(size, -1).T, trace.dtype)
        pushed = jvp(trace, {}, views_of(stack, shapes), stack.shape[:1])
        parts = [root.vjp(pushed[output]).reshape(len(stack), count, -1) for output, root in point.roots.items()]
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
        found: Array = joined.swapaxes(1, 2).reshape(len(stack), rows).T * scale
        return found.reshape(rows) if tangent.ndim == 1 else found

    def pull(cotangent: Array) -> Array:
        stack = np.ascontiguousarray(cotangent.reshape(rows, -1).T, trace.dtype) * scale
        columns = stack.reshape(len(stack), -1, count).swapaxes(1, 2)
        seeds, first = {}, 0
        for output, root in point.roots.items():
            last = first + math.prod(root.in_shape)
            part = np.ascontiguousarray(columns[..., first:last])
            seeds[output], first = root.jvp(part.reshape(len(stack), count, *root.in_shape)), last
        pulled = parameter_vjp(trace, seeds)
        found = np.concatenate([each.reshape(len(stack), -1) for each in pulled.values()], axis=1).T
        return found.reshape(size) if cotangent.ndim == 1 else found

    return LinearOperator((rows, size), matvec=push, rmatvec=pull, matmat=push, rmatmat=pull, dtype=trace.dtype)
