"""Softmax, and its logarithm."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import (
    Activation,
    Array,
    Diagonal,
    Field,
    IdentityMap,
    Operator,
    Permute,
    RankOne,
    ShapeMismatch,
    add,
    batched,
    compose,
)

__all__ = ["LogSoftmax", "Softmax"]

_AXIS = Field(
    -1, description="The feature axis along which entries are compared, counted without that of the examples."
)


class Softmax(Activation):
    """Turn the entries of an axis into probabilities.

        a_i = e^{z_i} / Σ_j e^{z_j},    ∂a/∂z = diag(a) − a aᵀ
        Σ_k u_k ∂²a_k/∂z∂z = diag(p) − p aᵀ − a pᵀ,    p = (∂a/∂z) u

    The largest entry is taken off first: nothing overflows. For the last layer of a classifier the cost
    `cross_entropy`, which takes z itself, is faster and more precise than a softmax before it.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal minus rank one.

    Errors: ShapeMismatch for an axis that the input does not have.

    Source: Bridle, *Probabilistic Interpretation of Feedforward Classification Network Outputs* (1990), eq. (1).
    """

    probabilities: ClassVar[bool] = True

    axis: int = _AXIS

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        return _checked(self.kind, shape, self.axis)

    def forward(self, z: Array, out: Array) -> Array:
        """Return the probabilities, written into `out`."""
        axis = _of_array(self.axis)
        np.subtract(z, z.max(axis=axis, keepdims=True), out=out)
        np.exp(out, out=out)
        total: Array = out.sum(axis=axis, keepdims=True)
        return np.divide(out, total, out=out)

    def jacobian(self, y: Array) -> Operator:
        """Return diag(a) − a aᵀ."""
        return add(Diagonal(y), _rank_one(-y, y, self.axis))

    def second_order(self, y: Array, u: Array) -> dict[tuple[str, str], Operator]:
        """Return diag(p) − p aᵀ − a pᵀ."""
        axis = _of_array(self.axis)
        p = y * (u - (y * u).sum(axis=axis, keepdims=True))
        return {("z", "z"): add(Diagonal(p), _rank_one(-p, y, self.axis), _rank_one(-y, p, self.axis))}


class LogSoftmax(Activation):
    """Turn the entries of an axis into logarithms of probabilities.

        a_i = z_i − ln Σ_j e^{z_j},    ∂a/∂z = 1 − 1 pᵀ,    Σ_k u_k ∂²a_k/∂z∂z = −(Σ_k u_k) (diag(p) − p pᵀ),    p = e^a

    The largest entry is taken off first: nothing overflows. What the others add is summed by itself, so that the
    logarithm of a probability near 1 is as precise as that of a small one.

    Shapes: z (N, *features) -> a, the same. Jacobian: identity minus rank one.

    Errors: ShapeMismatch for an axis that the input does not have.

    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eqs. (4.104) to (4.106).
    """

    axis: int = _AXIS

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        return _checked(self.kind, shape, self.axis)

    def forward(self, z: Array, out: Array) -> Array:
        """Return the logarithms, written into `out`."""
        axis = _of_array(self.axis)
        np.subtract(z, z.max(axis=axis, keepdims=True), out=out)
        largest = out == 0
        count = largest.sum(axis=axis, keepdims=True, dtype=out.dtype)
        others = np.where(largest, np.zeros_like(out), np.exp(out)).sum(axis=axis, keepdims=True)
        total: Array = np.log(count) + np.log1p(others / count)
        return np.subtract(out, total, out=out)

    def jacobian(self, y: Array) -> Operator:
        """Return 1 − 1 pᵀ."""
        return add(IdentityMap(), _rank_one(-np.ones_like(y), np.exp(y), self.axis))

    def second_order(self, y: Array, u: Array) -> dict[tuple[str, str], Operator]:
        """Return −(Σ u) (diag(p) − p pᵀ)."""
        p = np.exp(y)
        weighted = p * u.sum(axis=_of_array(self.axis), keepdims=True)
        return {("z", "z"): add(Diagonal(-weighted), _rank_one(weighted, p, self.axis))}


def _of_array(axis: int) -> int:
    """Return which axis of the arrays a feature axis is: that of the examples comes first."""
    return axis if axis < 0 else axis + 1


def _checked(kind: str, shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """Return the shape; refuse an axis that it does not have."""
    if not -len(shape) <= axis < len(shape):
        raise ShapeMismatch(
            f"{kind} has no axis {axis} to go along",
            expected=f"an axis from {-len(shape)} to {len(shape) - 1}" if shape else "at least one feature axis",
            received=f"axis {axis} of {batched(shape)}",
        )
    return shape


def _rank_one(left: Array, right: Array, axis: int) -> Operator:
    """Return l rᵀ along a feature axis."""
    features = left.ndim - 1
    place = axis % features
    if place == features - 1:
        return RankOne(left, right)
    order = [*range(place), *range(place + 1, features), place]
    back = [*range(place), features - 1, *range(place, features - 1)]
    moved = RankOne(left.transpose(0, *(k + 1 for k in order)), right.transpose(0, *(k + 1 for k in order)))
    return compose(Permute(back), moved, Permute(order))
