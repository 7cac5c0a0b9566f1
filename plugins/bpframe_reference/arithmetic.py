"""Sums, products and shifts: the nodes of Olah's computational graph, eq. (12, graph)."""

from __future__ import annotations

import numpy as np

from bpframe.extend import (
    Activation,
    Array,
    Diagonal,
    Field,
    FiniteFloat,
    IdentityMap,
    Layer,
    Operator,
    ShapeMismatch,
    batched,
)

__all__ = ["Add", "Multiply", "Shift"]

Shape = tuple[int, ...]


def _common(shapes: tuple[Shape, ...]) -> Shape:
    """Return the shape that all inputs have."""
    if len(set(shapes)) != 1:
        raise ShapeMismatch(
            "its inputs differ in shape",
            expected="inputs of one shape",
            received=", ".join(map(batched, shapes)),
        )
    return shapes[0]


class Add(Layer):
    """Add the inputs entry by entry.

        y = x_1 + x_2 + ...,    ∂y/∂x_i = 1

    Shapes: any number of inputs (N, *features) -> y, the same. Jacobians: identity.

    Source: C. Olah, *Calculus on Computational Graphs: Backpropagation*; eq. (12, graph).
    """

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        """Return the shape that all inputs share."""
        return _common(shapes)

    def forward(self, *xs: Array, out: Array) -> Array:
        """Return the sum, written into `out`."""
        np.copyto(out, xs[0])
        for x in xs[1:]:
            np.add(out, x, out=out)
        return out

    def jacobian(self, *xs: Array) -> list[Operator]:
        """Return one identity per input."""
        return [IdentityMap() for _ in xs]

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return no block: a sum does not bend."""
        return {}


class Multiply(Layer):
    """Multiply the inputs entry by entry.

        y = x_1 ⊙ x_2 ⊙ ...,    ∂y/∂x_i = the product of the other inputs

    Shapes: any number of inputs (N, *features) -> y, the same. Jacobians: diagonal.

    Source: C. Olah, *Calculus on Computational Graphs: Backpropagation*; eq. (12, graph).
    """

    def output_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        """Return the shape that all inputs share."""
        return _common(shapes)

    def forward(self, *xs: Array, out: Array) -> Array:
        """Return the product, written into `out`."""
        np.copyto(out, xs[0])
        for x in xs[1:]:
            np.multiply(out, x, out=out)
        return out

    def jacobian(self, *xs: Array) -> list[Operator]:
        """Return for each input the diagonal of the others' product."""
        return [Diagonal(_product(xs, {i})) for i in range(len(xs))]

    def second_order(self, *xs: Array, u: Array) -> dict[tuple[str, str], Operator]:
        """Return, for each pair of inputs, u times the product of all others."""
        count = len(xs)
        return {
            (f"xs[{i}]", f"xs[{j}]"): Diagonal(u * _product(xs, {i, j}))
            for i in range(count)
            for j in range(i + 1, count)
        }


def _product(xs: tuple[Array, ...], without: set[int]) -> Array:
    """Multiply all inputs but these, by products alone: dividing the whole product would fail at zeros."""
    product = np.ones_like(xs[0])
    for i, x in enumerate(xs):
        if i not in without:
            product *= x
    return product


class Shift(Activation):
    """Add a constant to each entry.

        y = x + by,    ∂y/∂x = 1

    Shapes: x (N, *features) -> y, the same. Jacobian: identity.

    Source: C. Olah, *Calculus on Computational Graphs: Backpropagation*; eq. (12, graph): d = b + 1.
    """

    by: FiniteFloat = Field(description="The constant that is added.")

    def forward(self, x: Array, out: Array) -> Array:
        """Return x + by, written into `out`."""
        return np.add(x, self.by, out=out)

    def jacobian(self) -> IdentityMap:
        """Return the identity."""
        return IdentityMap()

    def second_derivative(self, y: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(y)
