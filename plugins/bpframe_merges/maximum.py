"""The largest of several inputs."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Diagonal, Layer, Operator
from bpframe_merges.shapes import Shape, common

__all__ = ["Maximum"]


class Maximum(Layer):
    """Take the largest of the inputs, entry by entry; also called maxout.

        y = max(x_1, ..., x_k),    ∂y/∂x_i = [x_i = y] / how many are

    Inputs that share the largest value share its error in equal parts, as in PyTorch's `maximum` and `amax`. NaN in any
    input gives NaN.

    Shapes: any number of inputs (N, *features) -> y, the same. Jacobians: diagonals.

    Errors: ShapeMismatch for inputs of different shapes.

    Source: Goodfellow, Warde-Farley, Mirza, Courville and Bengio, *Maxout Networks* (2013), section 3.
    """

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        """Return the shape that all inputs share."""
        return common(self.kind, shapes)

    def forward(self, *xs: Array, out: Array) -> Array:
        """Return the largest, written into `out`."""
        np.copyto(out, xs[0])
        for x in xs[1:]:
            np.maximum(out, x, out=out)
        return out

    def jacobian(self, *xs: Array, y: Array) -> list[Operator]:
        """Return for each input where it is the largest."""
        largest = [(x == y).astype(y.dtype) for x in xs]
        count = largest[0].copy()
        for each in largest[1:]:
            count += each
        return [Diagonal(each / np.maximum(count, 1)) for each in largest]

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: each piece is linear."""
        return {}
