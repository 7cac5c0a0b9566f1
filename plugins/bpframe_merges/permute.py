"""Axes in another order."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Layer, Operator, Permute, ShapeMismatch, batched
from bpframe_merges.shapes import Shape

__all__ = ["PermuteLayer"]


class PermuteLayer(Layer):
    """Put the feature axes into another order.

        axis k of y is axis axes[k] of x

    Shapes: x (N, *features) -> y (N, features[axes[0]], features[axes[1]], ...); axes are counted from 0, without that
    of the examples. Jacobian: permute.

    Errors: ShapeMismatch for axes that are no order of the input's.

    Source: NumPy's `transpose`.
    """

    kind: ClassVar[str] = "permute"

    axes: tuple[int, ...] = Field(description="For each axis of the output, the feature axis that it was.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape in its new order."""
        if sorted(self.axes) != list(range(len(shape))):
            raise ShapeMismatch(
                f"the axes of {self.kind} are no order of the input's",
                expected=f"each of 0 to {len(shape) - 1} once" if shape else "an input with feature axes",
                received=f"{self.axes} for {batched(shape)}",
            )
        return tuple(shape[axis] for axis in self.axes)

    def forward(self, x: Array, out: Array) -> Array:
        """Return the entries in their new order, written into `out`."""
        np.copyto(out, x.transpose(0, *(axis + 1 for axis in self.axes)))
        return out

    def jacobian(self) -> Operator:
        """Return the permutation."""
        return Permute(self.axes)
