"""The same entries in another shape."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Layer, Operator, Reshape, ShapeMismatch, batched
from bpframe_merges.shapes import Shape

__all__ = ["ReshapeLayer"]


class ReshapeLayer(Layer):
    """Give the features another shape, in C order.

        y = x,    ∂y/∂x = 1

    Shapes: x (N, *features) -> y (N, *shape); one axis may be −1, and is then as long as it has to be. Jacobian:
    reshape.

    Errors: ShapeMismatch for a shape of another number of entries.

    Source: NumPy's `reshape`.
    """

    kind: ClassVar[str] = "reshape"

    shape: tuple[int, ...] = Field(description="The new feature shape, without the axis of the examples.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return the new shape, with −1 filled in."""
        size, known = math.prod(shape), math.prod(each for each in self.shape if each != -1)
        free = self.shape.count(-1)
        fits = known > 0 and all(each > 0 or each == -1 for each in self.shape)
        if not fits or free > 1 or (size % known if free else size != known):
            raise ShapeMismatch(
                f"{self.kind} cannot give {batched(shape)} this shape",
                expected=f"{size} entries" + (", and one −1 at most" if free > 1 else ""),
                received=batched(self.shape),
            )
        return tuple(size // known if each == -1 else each for each in self.shape)

    def forward(self, x: Array, out: Array) -> Array:
        """Return the entries, written into `out`."""
        np.copyto(out, x.reshape(out.shape))
        return out

    def jacobian(self) -> Operator:
        """Return the reshape."""
        return Reshape()
