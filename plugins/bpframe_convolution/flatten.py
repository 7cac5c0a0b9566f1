"""All features in one axis."""

from __future__ import annotations

import math

from bpframe.extend import Array, Layer, Operator, Reshape

__all__ = ["Flatten"]


class Flatten(Layer):
    """Put all features in one axis, in C order: rows of the image first, the channels of a place side by side.

        y_k = x_{i,j,c}  with k = (i·W + j)·channels + c,    ∂y/∂x = 1

    Shapes: x (N, *features) -> y (N, size of features). Jacobian: reshape. Second order: none, it is linear.
    """

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the one axis."""
        return (math.prod(shape),)

    def forward(self, x: Array) -> Array:
        """Reshape."""
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def jacobian(self) -> Operator:
        """Return the reshape."""
        return Reshape()
