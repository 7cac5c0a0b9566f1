"""Softmax and cross-entropy as one cost of class numbers, whose Hessian is known without them."""

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, DataError, Diagonal, Operator, RankOne, ShapeMismatch, Sum, add

from .attention import softmax


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

    Other than the shipped `cross_entropy`'s, its Hessian asks for the scores alone, so that it has a Fisher
    information; and it finds wrong class numbers in `forward`.

    Shapes: a (N, classes), y (N,) integers -> C (N,).

    Errors: DataError for a class number outside the classes.

    Source: Bishop, Pattern Recognition and Machine Learning, eqs. (4.108), (4.109).
    """

    integer_targets: ClassVar[bool] = True

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) != 1:
            raise ShapeMismatch("classes are scored along one axis", expected="(N, classes)", received=str(shape))
        return ()

    def forward(self, a: Array, y: Array) -> Array:
        outside = (y < 0) | (y >= a.shape[1])
        if outside.any():
            raise DataError(
                "a class number is outside the classes", expected=f"0 to {a.shape[1] - 1}", received=str(y[outside][0])
            )
        largest = a.max(axis=1)
        total = np.log(np.exp(a - largest[:, None]).sum(axis=1)) + largest
        return total - a[np.arange(len(y)), y]

    def jacobian(self, a: Array, y: Array) -> Array:
        gradient = softmax(a)
        gradient[np.arange(len(y)), y] -= 1
        return gradient

    def hessian(self, a: Array) -> Operator:
        return SoftmaxHessian(softmax(a))
