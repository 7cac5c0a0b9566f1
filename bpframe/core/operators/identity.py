"""The Jacobian of a value that passes through unchanged."""

from __future__ import annotations

import math

import numpy as np

from bpframe.core.operators.base import Operator, Shape, add_over
from bpframe.core.operators.diagonal import Diagonal, as_numbers
from bpframe.forms.matrix_form import Rows, rows_of_ones
from bpframe.validation.plain_arrays import Array

__all__ = ["IdentityMap"]


class IdentityMap(Operator):
    """Pass the argument on.

        J v = v,    Jᵀ u = u

    Shapes: outputs are the inputs, of any shape; `bind` states it where it is needed. Cost: 0. Vanishes in
    compositions; adds to diagonals.

    Errors: OperatorError where the shape is needed and nobody has bound it.
    """

    __slots__ = ()

    structure = "identity"
    cost = 0
    _only_reshapes = True
    _ignores_examples = True

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: v itself."""
        return v

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: u itself."""
        return u

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over the examples: Σ_n u_n."""
        return add_over(u, u.ndim - len(self.in_shape) - 1, out)

    def _rows(self, kind: Array) -> Rows:
        size = math.prod(self.in_shape)
        return rows_of_ones(size, size, kind)

    def root(self) -> IdentityMap:
        """Return the identity: I Iᵀ = I."""
        return self

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        return (out_shape if in_shape is None else in_shape, in_shape if out_shape is None else out_shape)

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if in_shape != out_shape:
            self._refuse("cannot change the shape", f"outputs of shape {in_shape}", f"outputs of shape {out_shape}")

    def _after(self, other: Operator) -> Operator | None:
        return other

    def _before(self, other: Operator) -> Operator | None:
        return other

    def _plus(self, other: Operator) -> Operator | None:
        if isinstance(other, Diagonal):
            return Diagonal(np.add(as_numbers(other.d), 1))
        shape, _ = self._known_shapes()
        if isinstance(other, IdentityMap) and shape is not None:
            # int16 is exact here and takes the dtype of whatever it multiplies: float32 stays float32.
            return Diagonal(np.full((1, *shape), 2, dtype=np.int16))
        return None
