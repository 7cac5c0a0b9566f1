"""Penalties as residuals: what they add to a sum of squares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bpframe.core.backprop.penalties import Penalties, Term
from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.second_order.penalty_hessian import hessian_of
from bpframe.errors import DerivativeError, OperatorError
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["PenaltyRows"]


class PenaltyRows:
    """Rows W with R(θ) = ½ ‖W θ‖², for penalties that are quadratic: W = Sᵀ with ∂²R/∂p² = S Sᵀ, the same for all θ.

    They stand below the rows of the examples' residuals; false where there are none.
    """

    def __init__(self, penalties: Penalties, parameters: ParameterVector, places: Mapping[str, slice]) -> None:
        self.penalties = penalties
        self._parameters = parameters
        self._places = places
        self._written: Array | None = None

    def __bool__(self) -> bool:
        return bool(self.penalties)

    def cost(self, theta: Array | None = None) -> float:
        """Return R, at the parameters or at another θ."""
        if not self.penalties:
            return 0.0
        return self.penalties.cost((self._parameters if theta is None else self._parameters.like(theta)).views)

    def add_gradient(self, gradient: Array) -> None:
        """Add ∂R/∂θ to a vector (P,)."""
        if self.penalties:
            self.penalties.add_gradient(self._parameters.views, self._parameters.like(gradient).views)

    @property
    def count(self) -> int:
        """How many rows there are; 0 where some penalty is no sum of squares."""
        return len(self.rows()) if all(term.penalty.quadratic for term in self.penalties.terms) else 0

    def rows(self) -> Array:
        """Return W, (rows, P).

        Errors: DerivativeError that names a penalty which is no sum of squares.
        """
        if self._written is None:
            size, dtype = self._parameters.vector.size, self._parameters.vector.dtype
            found = [np.zeros((0, size), dtype)]
            for term in self.penalties.terms:
                root = self._root(term)
                found.append(np.zeros((root.shape[1], size), dtype))
                found[-1][:, self._places[term.path]] = root.T
            self._written = np.concatenate(found)
        return self._written

    def residuals(self) -> Array:
        """Return W θ, (rows,)."""
        found: Array = self.rows() @ self._parameters.vector
        return found

    def below(self, operator: LinearOperator) -> LinearOperator:
        """Return a linear operator with W below it, which later changes of θ leave as it is."""
        from scipy.sparse.linalg import LinearOperator

        rows, count = self.rows(), operator.shape[0]

        def push(vectors: Array) -> Array:
            return np.concatenate([operator @ vectors, rows @ vectors])

        def pull(vectors: Array) -> Array:
            found = operator.rmatmat(vectors[:count]) if vectors.ndim > 1 else operator.rmatvec(vectors[:count])
            total: Array = found + rows.T @ vectors[count:]
            return total

        shape = count + len(rows), operator.shape[1]
        return LinearOperator(shape, matvec=push, rmatvec=pull, matmat=push, rmatmat=pull, dtype=operator.dtype)

    def _root(self, term: Term) -> Array:
        """Return S of one penalty, written out, (p, columns)."""
        p = self._parameters.views[term.path]
        if not term.penalty.quadratic:
            raise DerivativeError(
                f"{term.where} is no sum of squares",
                expected="a quadratic penalty, R = ½ pᵀ H p, such as l2, which says `quadratic = True`",
                received=f"{type(term.penalty).__name__}.quadratic = False",
                hint="an optimizer that takes gradients alone, such as lbfgs or gradient_descent",
            )
        try:
            root = hessian_of(term, p).root()
            root = root if root._is_bound() else root._with_shapes(None, p.shape)
        except OperatorError as error:
            raise DerivativeError(
                f"{term.where}: its hessian has no root S with S Sᵀ = H",
                expected=error.expected, received=error.received or error.problem,
            ) from error  # fmt: skip
        return root.dense(p).reshape(p.size, math.prod(root.in_shape))
