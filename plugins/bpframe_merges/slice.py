"""A part of an axis."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Field, Layer, Operator, Restriction, ShapeMismatch, batched
from bpframe_merges.shapes import Shape, checked_axis

__all__ = ["Slice"]


class Slice(Layer):
    """Keep a part of an axis, as Python's `x[start:stop:step]`.

        y_j = x_{start + step j},    ∂y/∂x: a restriction

    Shapes: x (N, *features) -> y, with fewer entries along the axis. Jacobian: restriction.

    Errors: ShapeMismatch for an axis that is not there, and where nothing is left of it.

    Source: NumPy's basic slicing.
    """

    start: int | None = Field(None, description="The first place that is kept; negative ones count from the end.")
    stop: int | None = Field(None, description="The first place that is not kept any more.")
    step: int = Field(1, description="How far apart kept places are; negative, they are in reverse.")
    axis: int = Field(-1, description="The feature axis, counted without that of the examples.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return how many places are kept."""
        axis = checked_axis(self.kind, self.axis, shape)
        if self.step == 0:
            raise ShapeMismatch(f"{self.kind} goes nowhere", expected="a step that is not 0", received="step=0")
        count = len(range(*slice(self.start, self.stop, self.step).indices(shape[axis])))
        if count == 0:
            raise ShapeMismatch(
                f"{self.kind} leaves nothing of axis {self.axis}",
                expected="a start before the stop, inside the axis",
                received=f"{self.start}:{self.stop}:{self.step} of {batched(shape)}",
            )
        return (*shape[:axis], count, *shape[axis + 1 :])

    def forward(self, x: Array, out: Array) -> Array:
        """Return the part, written into `out`."""
        np.copyto(out, x[(slice(None), *self._slices(x.ndim - 1))])
        return out

    def jacobian(self, x: Array) -> Operator:
        """Return the restriction."""
        return Restriction(self._slices(x.ndim - 1))

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: it does not bend."""
        return {}

    def _slices(self, features: int) -> list[slice]:
        axis = self.axis % features
        kept = slice(self.start, self.stop, self.step)
        return [kept if each == axis else slice(None) for each in range(features)]
