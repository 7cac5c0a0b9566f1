"""Chosen places of an axis."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Gather, Layer, Operator, ShapeMismatch, batched
from bpframe_merges.shapes import Shape, checked_axis

__all__ = ["GatherLayer"]


class GatherLayer(Layer):
    """Take chosen places of an axis, in any order, each as often as it is named.

        y_j = x_{indices[j]},    Jᵀ u adds up what was read from the same place

    Shapes: x (N, *features) -> y, with an entry along the axis for each index. Jacobian: gather.

    Errors: ShapeMismatch for an axis that is not there, and an index beyond it.

    Source: NumPy's `take`.
    """

    kind: ClassVar[str] = "gather"

    indices: tuple[int, ...] = Field(min_length=1, description="The places; negative ones count from the end.")
    axis: int = Field(-1, description="The feature axis, counted without that of the examples.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return as many places as there are indices."""
        axis = checked_axis(self.kind, self.axis, shape)
        beyond = [each for each in self.indices if not -shape[axis] <= each < shape[axis]]
        if beyond:
            raise ShapeMismatch(
                f"{self.kind} reads beyond axis {self.axis}",
                expected=f"indices from {-shape[axis]} to {shape[axis] - 1} in {batched(shape)}",
                received=str(beyond[0]),
            )
        return (*shape[:axis], len(self.indices), *shape[axis + 1 :])

    def forward(self, x: Array, out: Array) -> Array:
        """Return the chosen places, written into `out`."""
        np.copyto(out, x.take(self.indices, axis=self.axis % (x.ndim - 1) + 1))
        return out

    def jacobian(self, x: Array) -> Operator:
        """Return the gather."""
        shape = x.shape[1:]
        places = np.arange(math.prod(shape)).reshape(1, *shape)
        return Gather(places.take(self.indices, axis=self.axis % len(shape) + 1), shape)

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: it does not bend."""
        return {}
