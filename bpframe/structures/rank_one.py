"""The Jacobian that sends everything through one number: sums, means, the coupling of a softmax."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.core.operators.base import Operator, Shape
from bpframe.core.operators.diagonal import Diagonal
from bpframe.forms.matrix_form import Rows, columns_of_blocks
from bpframe.validation.plain_arrays import Array

__all__ = ["RankOne"]


class RankOne(Operator):
    """Multiply the last feature axis by a matrix of rank one.

        J v = l (rᵀ v),    Jᵀ u = r (lᵀ u)

    Shapes: l (N, *lead, m) and r (N, *lead, n), each with 1 in place of N or of lead axes where it is the same along
    them; inputs (*lead, n), outputs (*lead, m). Cost: (m + n) multiply-adds for each entry of lead. With a diagonal
    beside it, it composes to a rank one.

    Errors: `check` refuses l and r of other shapes.

    Source: the softmax's Jacobian, diag(y) − y yᵀ.
    """

    __slots__ = ("left", "right")

    structure = "rank one"
    _arrays: ClassVar = {"left": 2, "right": 2}

    def __init__(self, left: Array, right: Array) -> None:
        self.left = left
        self.right = right

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: l (rᵀ v) on the last axis."""
        return _through(v, self.right, self.left, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: r (lᵀ u) on the last axis."""
        return _through(u, self.left, self.right, out)

    @property
    def cost(self) -> int:
        """(m + n) multiply-adds for each entry of lead."""
        width: int = self.left.shape[-1] + self.right.shape[-1]
        return math.prod(self.out_shape[:-1]) * width

    @property
    def dense_cost(self) -> int:
        """One multiplication for each entry of l rᵀ, m·n for each entry of lead."""
        return math.prod(self.out_shape) * int(self.right.shape[-1])

    def _rows(self, kind: Array) -> Rows:
        products = np.multiply(self.left[..., None], self.right[..., None, :])
        full = np.broadcast_to(products, (len(products), *self.out_shape, self.in_shape[-1]))
        values = full.reshape(len(products), math.prod(self.out_shape), self.in_shape[-1])
        return values, columns_of_blocks(self.in_shape, self.out_shape, kind)

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        if in_shape is None and out_shape is not None:
            in_shape = (*out_shape[:-1], self.right.shape[-1])
        elif out_shape is None and in_shape is not None:
            out_shape = (*in_shape[:-1], self.left.shape[-1])
        return in_shape, out_shape

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        if self.left.ndim != self.right.ndim:
            return None, None
        lead = np.broadcast_shapes(self.left.shape[1:-1], self.right.shape[1:-1])
        return (*lead, self.right.shape[-1]), (*lead, self.left.shape[-1])

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if not in_shape or not out_shape or in_shape[:-1] != out_shape[:-1]:
            self._refuse("maps the last axis alone", "(*lead, n) -> (*lead, m)", f"{in_shape} -> {out_shape}")
        for name, array, shape in (("left", self.left, out_shape), ("right", self.right, in_shape)):
            if len(array) not in (1, self.batch):
                self._refuse("does not hold this batch", f"{self.batch} examples", f"{len(array)} examples in {name}")
            own = array.shape[1:]
            lead = all(size in (1, full) for size, full in zip(own[:-1], shape[:-1], strict=False))
            if len(own) != len(shape) or own[-1] != shape[-1] or not lead:
                self._refuse_array(name, f"{shape}), for {in_shape} -> {out_shape}")

    def _after(self, other: Operator) -> Operator | None:
        if isinstance(other, Diagonal) and other.d.ndim == self.right.ndim:
            return RankOne(self.left, np.multiply(self.right, other.d))
        return None

    def _before(self, other: Operator) -> Operator | None:
        if isinstance(other, Diagonal) and other.d.ndim == self.left.ndim:
            return RankOne(np.multiply(other.d, self.left), self.right)
        return None


def _through(x: Array, reading: Array, writing: Array, out: Array | None) -> Array:
    """Take the product with `reading` over the last axis, and write it along `writing`."""
    number: Array = np.multiply(reading, x).sum(axis=-1, keepdims=True)
    return np.multiply(number, writing, out=out)
