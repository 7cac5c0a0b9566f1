"""The product of two matrices per example."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, BatchMatMul, Field, Layer, Operator, ShapeMismatch, batched
from bpframe_merges.shapes import Shape

__all__ = ["Matmul"]


class Matmul(Layer):
    """Multiply two matrices, for every example and every entry of the axes before them.

        y = a b, or a bᵀ with `transpose_b`,    ∂y/∂a: V ↦ V b,    ∂y/∂b: V ↦ a V

    Shapes: a (N, *lead, p, q), b (N, *lead, q, r), or (N, *lead, r, q) with `transpose_b` -> y (N, *lead, p, r).
    Jacobians: products with one matrix per example.

    Errors: ShapeMismatch for matrices that do not fit.

    Source: Giles, *Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic Differentiation*
    (2008), section 2.2.2.
    """

    transpose_b: bool = Field(False, description="Whether b is transposed before: scores q kᵀ of attention.")

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        """Return the rows of the first and the columns of the second."""
        a, b = shapes
        inner, columns = (b[-1:], b[-2:-1]) if self.transpose_b else (b[-2:-1], b[-1:])
        if min(len(a), len(b)) < 2 or a[:-2] != b[:-2] or a[-1:] != inner:
            raise ShapeMismatch(
                f"the inputs of {self.kind} cannot be multiplied",
                expected="(N, *lead, p, q) and " + ("(N, *lead, r, q)" if self.transpose_b else "(N, *lead, q, r)"),
                received=f"{batched(a)} and {batched(b)}",
            )
        return (*a[:-1], *columns)

    def forward(self, a: Array, b: Array, out: Array) -> Array:
        """Return the products, written into `out`."""
        return np.matmul(a, b.swapaxes(-1, -2) if self.transpose_b else b, out=out)

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        """Return V ↦ V b and V ↦ a V."""
        right = b.swapaxes(-1, -2) if self.transpose_b else b
        return {
            "a": BatchMatMul(right, side="right"),
            "b": BatchMatMul(a, side="left", transpose=self.transpose_b),
        }

    def second_order(self, u: Array) -> dict[tuple[str, str], Operator]:
        """Return the one block that is not zero: a change V of b changes a's error by u Vᵀ."""
        return {("a", "b"): BatchMatMul(u, side="left", transpose=not self.transpose_b)}
