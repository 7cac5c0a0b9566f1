"""Entries several times."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Broadcast, Field, Layer, Operator, Permute, PositiveInt, Reshape, compose
from bpframe_merges.shapes import Shape, checked_axis

__all__ = ["Repeat"]


class Repeat(Layer):
    """Repeat each entry of an axis, next to itself.

        y_{k j + i} = x_j    for i = 0 ... k − 1

    Before it, `reshape` makes an axis of length 1 where a whole input is to be repeated, such as a code that every step
    of a decoder reads.

    Shapes: x (N, *features) -> y, k times as long along the axis. Jacobian: a broadcast, its axis moved into place.

    Errors: ShapeMismatch for an axis that is not there.

    Source: NumPy's `repeat`.
    """

    times: PositiveInt = Field(description="k, how often each entry is there.")
    axis: int = Field(-1, description="The feature axis, counted without that of the examples.")

    def output_shape(self, shape: Shape) -> Shape:
        """Return a longer axis."""
        axis = checked_axis(self.kind, self.axis, shape)
        return (*shape[:axis], shape[axis] * self.times, *shape[axis + 1 :])

    def forward(self, x: Array, out: Array) -> Array:
        """Return the entries repeated, written into `out`."""
        np.copyto(out, x.repeat(self.times, axis=self.axis % (x.ndim - 1) + 1))
        return out

    def jacobian(self, x: Array) -> Operator:
        """Return the broadcast, its axis moved behind the one that is repeated, and both made one."""
        shape, axis = x.shape[1:], self.axis % (x.ndim - 1)
        spread = (*shape[: axis + 1], self.times, *shape[axis + 1 :])
        order = [*range(1, axis + 2), 0, *range(axis + 2, len(spread))]
        longer = (*shape[:axis], shape[axis] * self.times, *shape[axis + 1 :])
        broadcast = Broadcast().bind(shape, (self.times, *shape))
        return compose(
            Reshape().bind(spread, longer), compose(Permute(order).bind((self.times, *shape), spread), broadcast)
        )

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: it does not bend."""
        return {}
