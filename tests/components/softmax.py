"""Softmax."""

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Operator, RankOne, add


def softmax_of(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_bends(y: Array, u: Array) -> Operator:
    """Return Σ_k u_k ∂²y_k/∂x∂x = diag(p) − p yᵀ − y pᵀ, with p = (∂y/∂x) u, along the last axis."""
    p = y * (u - (y * u).sum(axis=-1, keepdims=True))
    return add(Diagonal(p), RankOne(-p, y), RankOne(-y, p))


class Softmax(Activation):
    """Turn the last axis into probabilities.

        y_i = exp x_i / Σ_j exp x_j,    ∂y/∂x = diag(y) − y yᵀ

    Shapes: x (N, *lead, n) -> y, the same. Jacobian: diagonal minus rank one, for every entry of lead.
    """

    def forward(self, x: Array) -> Array:
        return softmax_of(x)

    def jacobian(self, y: Array) -> Operator:
        return add(Diagonal(y), RankOne(-y, y))

    def second_order(self, y: Array, u: Array) -> dict[tuple[str, str], Operator]:
        return {("x", "x"): softmax_bends(y, u)}
