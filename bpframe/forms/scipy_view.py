"""A pair of products as SciPy's LinearOperator."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["linear_operator"]


def linear_operator(
    jvp: Callable[[Array], Array],
    vjp: Callable[[Array], Array],
    tangent_shape: tuple[int, ...],
    cotangent_shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> LinearOperator:
    """View the products J v and Jᵀ u as a scipy.sparse.linalg.LinearOperator.

        A x = J x,    Aᴴ y = conj(Jᵀ conj(y))

    Shapes: A is (prod(cotangent_shape), prod(tangent_shape)); vectors are flattened in C order. A matrix of K columns
    goes through in one call, as a stack of K vectors.
    """
    from scipy.sparse.linalg import LinearOperator  # SciPy is slow to import and rarely needed

    rows, columns = math.prod(cotangent_shape), math.prod(tangent_shape)

    def matvec(x: Array) -> Array:
        return jvp(x.reshape(tangent_shape)).reshape(rows).copy()  # solvers write into what they get

    def rmatvec(y: Array) -> Array:
        return np.conj(vjp(np.conj(y).reshape(cotangent_shape))).reshape(columns)

    def matmat(x: Array) -> Array:
        count = x.shape[1]
        return jvp(x.T.reshape(count, *tangent_shape)).reshape(count, rows).T.copy()

    def rmatmat(y: Array) -> Array:
        count = y.shape[1]
        return np.conj(vjp(np.conj(y).T.reshape(count, *cotangent_shape))).reshape(count, columns).T

    return LinearOperator((rows, columns), matvec=matvec, rmatvec=rmatvec, matmat=matmat, rmatmat=rmatmat, dtype=dtype)
