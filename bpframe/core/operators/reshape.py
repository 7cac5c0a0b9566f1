"""The Jacobian of a change of shape."""

from __future__ import annotations

import math

from bpframe.core.operators.base import Operator, Shape
from bpframe.forms.matrix_form import Rows, rows_of_ones
from bpframe.validation.plain_arrays import Array

__all__ = ["Reshape"]


class Reshape(Operator):
    """Keep the entries in C order and change their shape.

        (J v)_k = v_k,    (Jᵀ u)_k = u_k    with k the flat position

    Shapes: inputs in_shape, outputs out_shape, of equal size; `bind` states both. Cost: 0. Reshapes compose.

    Errors: OperatorError where the shapes are needed and nobody has bound them. `check` refuses shapes of unequal size.
    """

    __slots__ = ()

    structure = "reshape"
    cost = 0
    _only_reshapes = True
    _ignores_examples = True

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Reshape: (*S, N, *in_shape) -> (*S, N, *out_shape)."""
        return v.reshape(v.shape[: v.ndim - len(self.in_shape)] + self.out_shape)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Reshape back: (*S, N, *out_shape) -> (*S, N, *in_shape)."""
        return u.reshape(u.shape[: u.ndim - len(self.out_shape)] + self.in_shape)

    def _rows(self, kind: Array) -> Rows:
        size = math.prod(self.in_shape)
        return rows_of_ones(size, size, kind)

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if math.prod(in_shape) != math.prod(out_shape):
            self._refuse(
                "cannot change the number of entries",
                f"{math.prod(in_shape)} entries, those of inputs {in_shape}",
                f"{math.prod(out_shape)} entries in outputs {out_shape}",
            )

    def _after(self, other: Operator) -> Operator | None:
        return Reshape() if isinstance(other, Reshape) else None
