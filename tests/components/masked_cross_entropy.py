"""Softmax and cross-entropy of sequences, whose positions have weights or a mask."""

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, Diagonal, Operator, RankOne, Sum, add


class WeightedSoftmaxHessian(Sum):
    """w (diag(p) − p pᵀ) at each position, with the root S = √w (diag(√p) − p √pᵀ).

    Shapes: p (N, *positions, classes), w (N, *positions, 1).
    """

    def __init__(self, p: Array, w: Array) -> None:
        super().__init__((Diagonal(w * p), RankOne(-w * p, p)))
        self.p = p
        self.w = w

    def root(self) -> Operator:
        root = np.sqrt(self.p)
        return add(Diagonal(np.sqrt(self.w) * root), RankOne(-np.sqrt(self.w) * self.p, root))


def over_positions(costs: Array) -> Array:
    return costs.sum(axis=tuple(range(1, costs.ndim)))


def log_softmax(a: Array) -> Array:
    shifted = a - a.real.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


class SequenceCrossEntropy(Cost):
    """C = −Σ_t w_t ln p_t[y_t], p = softmax(a) at each position t.

    Shapes: a (N, *positions, classes), y and weight (N, *positions) -> C (N,).
    """

    integer_targets: ClassVar[bool] = True

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape[:-1]

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        right = np.take_along_axis(log_softmax(a), y[..., None], axis=-1)[..., 0]
        return over_positions(-weight * right)

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        errors = np.exp(log_softmax(a))
        right = np.take_along_axis(errors, y[..., None], axis=-1)
        np.put_along_axis(errors, y[..., None], right - 1, axis=-1)
        return weight[..., None] * errors

    def hessian(self, a: Array, weight: Array) -> Operator:
        return WeightedSoftmaxHessian(np.exp(log_softmax(a)), weight[..., None])


class MaskedSquares(Cost):
    """C = ½ Σ_t m_t ‖a_t − y_t‖²: positions are all axes but the last.

    Shapes: a, y (N, *positions, features), mask (N, *positions) of bool -> C (N,).
    """

    def weight_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape[:-1]

    def forward(self, a: Array, y: Array, mask: Array) -> Array:
        return over_positions(np.where(mask[..., None], (a - y) ** 2, 0) / 2)

    def jacobian(self, a: Array, y: Array, mask: Array) -> Array:
        return np.where(mask[..., None], a - y, 0)
