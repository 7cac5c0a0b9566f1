"""The mean of several inputs."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Diagonal, Layer, Operator
from bpframe_merges.shapes import Shape, common

__all__ = ["Average"]


class Average(Layer):
    """Take the mean of the inputs, entry by entry.

        y = (x_1 + ... + x_k) / k,    ∂y/∂x_i = 1/k

    Shapes: any number of inputs (N, *features) -> y, the same. Jacobians: diagonals of 1/k.

    Errors: ShapeMismatch for inputs of different shapes.

    Source: Breiman, *Bagging Predictors* (1996): predictions of several networks.
    """

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        """Return the shape that all inputs share."""
        return common(self.kind, shapes)

    def forward(self, *xs: Array, out: Array) -> Array:
        """Return the mean, written into `out`."""
        np.copyto(out, xs[0])
        for x in xs[1:]:
            np.add(out, x, out=out)
        return np.divide(out, len(xs), out=out)

    def jacobian(self, *xs: Array) -> list[Operator]:
        """Return 1/k for each input."""
        share = Diagonal(np.full((1,) * xs[0].ndim, 1 / len(xs), xs[0].dtype))
        return [share for _ in xs]

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: a mean does not bend."""
        return {}
