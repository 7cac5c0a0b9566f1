"""The difference of two inputs."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Diagonal, IdentityMap, Layer, Operator
from bpframe_merges.shapes import Shape, common

__all__ = ["Subtract"]


class Subtract(Layer):
    """Take the second input from the first.

        y = a − b,    ∂y/∂a = 1,    ∂y/∂b = −1

    Shapes: a, b (N, *features) -> y, the same. Jacobians: the identity, and a diagonal of −1.

    Errors: ShapeMismatch for inputs of different shapes.

    Source: Griewank and Walther, *Evaluating Derivatives* (2008), table 2.3.
    """

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        """Return the shape of both."""
        return common(self.kind, shapes)

    def forward(self, a: Array, b: Array, out: Array) -> Array:
        """Return a − b, written into `out`."""
        return np.subtract(a, b, out=out)

    def jacobian(self, a: Array) -> dict[str, Operator]:
        """Return 1 and −1."""
        return {"a": IdentityMap(), "b": Diagonal(np.full((1,) * a.ndim, -1, a.dtype))}

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: a difference does not bend."""
        return {}
