"""Inputs one after another."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Layer, Operator, Restriction, ShapeMismatch, batched, transposed
from bpframe_merges.shapes import Shape, checked_axis

__all__ = ["Concatenate"]


class Concatenate(Layer):
    """Put the inputs one after another along an axis.

        y = [x_1, x_2, ...],    ∂y/∂x_i: x_i in its place, zero elsewhere

    Shapes: any number of inputs (N, *features) that differ along the axis alone -> y, as long there as all of them
    together. Jacobians: transposed restrictions; an error goes back as a view of its part.

    Errors: ShapeMismatch for inputs that differ along other axes, and an axis that they do not have.

    Source: DenseNet, Huang et al., *Densely Connected Convolutional Networks* (2017), eq. (2).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("concat", "cat")

    axis: int = Field(-1, description="The feature axis, counted without that of the examples.")

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        """Add the lengths up."""
        axis = checked_axis(self.kind, self.axis, shapes[0])
        if len({(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}) != 1 or len({*map(len, shapes)}) != 1:
            raise ShapeMismatch(
                f"the inputs of {self.kind} differ along other axes than axis {self.axis}",
                expected="inputs of one shape but for that axis",
                received=", ".join(map(batched, shapes)),
            )
        return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])

    def forward(self, *xs: Array, out: Array) -> Array:
        """Return the inputs in a row, written into `out`."""
        return np.concatenate(xs, axis=self.axis if self.axis < 0 else self.axis + 1, out=out)

    def jacobian(self, *xs: Array) -> list[Operator]:
        """Return for each input how it is put into its place."""
        features = xs[0].ndim - 1
        axis = self.axis % features
        found: list[Operator] = []
        start = 0
        for x in xs:
            stop = start + x.shape[axis + 1]
            slices = [slice(None)] * features
            slices[axis] = slice(start, stop)
            found.append(transposed(Restriction(slices)))
            start = stop
        return found

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: it does not bend."""
        return {}
