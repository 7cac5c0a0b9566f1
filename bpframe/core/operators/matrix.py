"""The Jacobian of a linear layer: one matrix for the whole batch."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.core.operators.base import Operator, Shape, add_over, without_examples
from bpframe.forms.matrix_form import Rows, columns_of_blocks
from bpframe.validation.plain_arrays import Array

__all__ = ["Matrix"]


class Matrix(Operator):
    """Multiply the last feature axis by one matrix that all examples share.

        J v = w v,    Jᵀ u = wᵀ u

    Shapes: w (m, n); inputs (*lead, n), outputs (*lead, m), without lead unless bound otherwise. Cost: lead·m·n
    multiply-adds.

    Errors: OperatorError for sums over the examples of more axes than (N, m) where no shapes are bound. `check` refuses
    a w that is not a matrix or does not fit the bound shapes.

    Source: eq. (20) and the (w^{l+1})ᵀ δ^{l+1} of BP2.
    """

    __slots__ = ("w",)

    structure = "matrix"
    _arrays: ClassVar = {"w": 2}

    def __init__(self, w: Array) -> None:
        self.w = w

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: w v on the last axis."""
        if v.ndim == 2:
            return np.matmul(v, self.w.T, out=out)
        return _times(v, self.w.T, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: wᵀ u on the last axis, eq. (20), and the first factor of BP2."""
        if u.ndim == 2:
            return np.matmul(u, self.w, out=out)
        return _times(u, self.w, out)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent once and repeat it: (*S, *lead, n) -> (*S, batch, *lead, m)."""
        axis = self._stacked(v.ndim - len(self.in_shape))
        pushed = _times(v, self.w.T, None)
        return np.broadcast_to(np.expand_dims(pushed, axis), (*v.shape[:axis], batch, *pushed.shape[axis:]))

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over the examples first: wᵀ Σ_n u_n."""
        return _times(add_over(u, self._stacked(u.ndim - len(self.out_shape) - 1), None), self.w, out)

    def _stacked(self, axes: int) -> int:
        """How many stack axes there are; refused where they may as well be axes of lead, of which nobody told."""
        if axes and not self._is_bound():
            self._refuse("cannot tell axes of lead from a stack", "bound shapes", "none", self._shapes_from)
        return axes

    @property
    def cost(self) -> int:
        """lead·m·n multiply-adds."""
        rows: int = self.w.shape[0]
        return math.prod(self.in_shape) * rows

    def _rows(self, kind: Array) -> Rows:
        lead, (rows, columns) = math.prod(self.in_shape[:-1]), self.w.shape
        if lead == 1:
            return self.w[None], None
        values = np.broadcast_to(self.w, (lead, rows, columns)).reshape(1, lead * rows, columns)
        return values, columns_of_blocks(self.in_shape, self.out_shape, kind)

    #: One matrix for every batch.
    batch = None

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        rows, columns = self.w.shape[-2:]
        if in_shape is None and out_shape is not None:
            in_shape = (*out_shape[:-1], columns)
        elif out_shape is None and in_shape is not None:
            out_shape = (*in_shape[:-1], rows)
        return in_shape, out_shape

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        rows, columns = self.w.shape[-2:]
        return (columns,), (rows,)

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        fitting = (*out_shape[-1:], *in_shape[-1:])
        if len(fitting) != 2 or self.w.shape != fitting or in_shape[:-1] != out_shape[:-1]:
            self._refuse(
                "does not fit its shapes",
                f"w of shape (m, n) for (*lead, n) -> (*lead, m), here {in_shape} -> {out_shape}",
                f"w of shape {self.w.shape}",
                "w transposed" if self.w.shape == fitting[::-1] else self._neighbour(in_shape, out_shape),
            )

    def _neighbour(self, in_shape: Shape, out_shape: Shape) -> str | None:
        """Return a hint where a shape that a neighbour gave seems to lack an axis."""
        if self.w.ndim != 2:
            return None
        rows, columns = self.w.shape
        return without_examples((rows,), out_shape) or without_examples((columns,), in_shape)


def _times(x: Array, matrix: Array, out: Array | None) -> Array:
    """Multiply x @ matrix on the last axis as one product: (*any, k) @ (k, m) -> (*any, m)."""
    rows = math.prod(x.shape[:-1])
    flat = x.reshape(rows, x.shape[-1])
    # For k = 1 no sum is taken, and BLAS needs twice to four times as long as a multiplication with broadcasting.
    multiply = np.multiply if len(matrix) == 1 else np.matmul
    if out is not None and out.flags.c_contiguous:
        multiply(flat, matrix, out=out.reshape(rows, matrix.shape[1]))
        return out
    product: Array = multiply(flat, matrix).reshape(*x.shape[:-1], matrix.shape[1])
    return product
