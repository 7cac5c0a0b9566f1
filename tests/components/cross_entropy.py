"""Softmax and cross-entropy as one cost, for class numbers and for one-hot rows."""

from typing import Literal

import numpy as np

from bpframe.extend import Array, Cost, DataError, Diagonal, Field, Operator, RankOne, ShapeMismatch, Sum, add

from .softmax import softmax_of


class SoftmaxHessian(Sum):
    """diag(p) − p pᵀ, which has the root S = diag(√p) − p √pᵀ:  S Sᵀ = diag(p) − 2 p pᵀ + p pᵀ, for Σ p = 1."""

    def __init__(self, p: Array) -> None:
        super().__init__((Diagonal(p), RankOne(-p, p)))
        self.p = p

    def root(self) -> Operator:
        return add(Diagonal(np.sqrt(self.p)), RankOne(-self.p, np.sqrt(self.p)))


class SoftmaxCrossEntropy(Cost):
    """The negative logarithm of the probability that softmax gives the right class.

        C = log Σ_j exp a_j − a_y,    ∇_a C = p − e_y,    ∂²C/∂a² = diag(p) − p pᵀ,    p = softmax(a)

    Shapes: a (N, classes), y (N,) integers, or (N, classes) one-hot or shares -> C (N,).

    Errors: DataError for a class number outside the classes.

    Source: Bishop, Pattern Recognition and Machine Learning, eqs. (4.108), (4.109).
    """

    targets: Literal["classes", "one_hot"] = Field("classes", description="What targets are.")

    @property
    def integer_targets(self) -> bool:
        return self.targets == "classes"

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) != 1:
            raise ShapeMismatch("classes are scored along one axis", expected="(N, classes)", received=str(shape))
        return () if self.integer_targets else shape

    def forward(self, a: Array, y: Array) -> Array:
        largest = a.max(axis=1)
        total = np.log(np.exp(a - largest[:, None]).sum(axis=1)) + largest
        if self.targets == "one_hot":
            return total - (y * a).sum(axis=1)
        outside = (y < 0) | (y >= a.shape[1])
        if outside.any():
            raise DataError(
                "a class number is outside the classes", expected=f"0 to {a.shape[1] - 1}", received=str(y[outside][0])
            )
        return total - a[np.arange(len(y)), y]

    def jacobian(self, a: Array, y: Array) -> Array:
        gradient = softmax_of(a)
        if self.targets == "one_hot":
            return gradient - y
        gradient[np.arange(len(y)), y] -= 1
        return gradient

    def hessian(self, a: Array) -> Operator:
        return SoftmaxHessian(softmax_of(a))
