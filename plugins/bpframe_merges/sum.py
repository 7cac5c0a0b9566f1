"""Sums and means over axes."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Broadcast, Diagonal, Field, Layer, Operator, Permute, Reshape, compose, transposed
from bpframe_merges.shapes import Shape, checked_axis

__all__ = ["Mean", "SumLayer"]


class _Reduction(Layer):
    axes: tuple[int, ...] | None = Field(
        None, description="The feature axes that are added up, counted without that of the examples; None: all."
    )
    keep_axes: bool = Field(False, description="Whether they stay, with length 1.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return what is left."""
        axes = self._axes(shape)
        kept = (1 if axis in axes else size for axis, size in enumerate(shape) if self.keep_axes or axis not in axes)
        return tuple(kept)

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: it does not bend."""
        return {}

    def _axes(self, shape: Shape) -> tuple[int, ...]:
        """Return the axes that are added up, counted from 0."""
        if self.axes is None:
            return tuple(range(len(shape)))
        return tuple(sorted({checked_axis(self.kind, axis, shape) for axis in self.axes}))

    def _summed(self, x: Array) -> Operator:
        """Return the sum: the axes in front, then the way back of a broadcast."""
        shape, axes = x.shape[1:], self._axes(x.shape[1:])
        others = [axis for axis in range(len(shape)) if axis not in axes]
        order = [*axes, *others]
        moved, rest = tuple(shape[axis] for axis in order), tuple(shape[axis] for axis in others)
        total = compose(transposed(Broadcast().bind(rest, moved)), Permute(order).bind(shape, moved))
        return compose(Reshape().bind(rest, self.output_shape(shape)), total) if self.keep_axes else total

    def _over(self, x: Array) -> tuple[int, ...]:
        return tuple(axis + 1 for axis in self._axes(x.shape[1:]))


class SumLayer(_Reduction):
    """Add up over axes.

        y = Σ_{axes} x,    ∂y/∂x = 1ᵀ

    Shapes: x (N, *features) -> y, without these axes, or with length 1 where they are kept. Jacobian: the transpose of
    a broadcast.

    Errors: ShapeMismatch for an axis that is not there.

    Source: NumPy's `sum`.
    """

    kind: ClassVar[str] = "sum"

    def forward(self, x: Array, out: Array) -> Array:
        """Return the sums, written into `out`."""
        return np.add.reduce(x, axis=self._over(x), keepdims=self.keep_axes, out=out)

    def jacobian(self, x: Array) -> Operator:
        """Return the sum."""
        return self._summed(x)


class Mean(_Reduction):
    """Take the mean over axes.

        y = 1/n Σ_{axes} x,    ∂y/∂x = 1ᵀ/n,    n entries are averaged

    Shapes: x (N, *features) -> y, without these axes, or with length 1 where they are kept. Jacobian: the transpose of
    a broadcast, divided by n.

    Errors: ShapeMismatch for an axis that is not there.

    Source: NumPy's `mean`.
    """

    def forward(self, x: Array, out: Array) -> Array:
        """Return the means, written into `out`."""
        np.add.reduce(x, axis=self._over(x), keepdims=self.keep_axes, out=out)
        return np.divide(out, self._count(x), out=out)

    def jacobian(self, x: Array) -> Operator:
        """Return the sum, divided by n."""
        rank = len(self.output_shape(x.shape[1:]))
        return compose(Diagonal(np.full((1,) * (1 + rank), 1 / self._count(x), x.dtype)), self._summed(x))

    def _count(self, x: Array) -> int:
        return math.prod(x.shape[axis] for axis in self._over(x))
