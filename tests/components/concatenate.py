"""Concatenation of any number of inputs."""

import math

import numpy as np

from bpframe.extend import Array, Gather, Layer, Operator, ShapeMismatch


class Concatenate(Layer):
    """Put the inputs one after another along the last axis.

        y = [x_1, x_2, ...],    ∂y/∂x_i: the entries of x_i in their place, zero elsewhere

    Shapes: inputs (N, *lead, n_i) -> y (N, *lead, Σ n_i). Jacobians: gather with padding.
    """

    def output_shape(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        if len({shape[:-1] for shape in shapes}) != 1 or not all(shapes):
            raise ShapeMismatch("its inputs differ before the last axis", received=", ".join(map(str, shapes)))
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def forward(self, *xs: Array) -> Array:
        return np.concatenate(xs, axis=-1)

    def jacobian(self, *xs: Array) -> list[Operator]:
        found: list[Operator] = []
        for i, x in enumerate(xs):
            places = [np.full(other.shape[1:], -1) for other in xs]
            places[i] = np.arange(math.prod(x.shape[1:])).reshape(x.shape[1:])
            found.append(Gather(np.concatenate(places, axis=-1)[None]))
        return found

    def second_order(self) -> dict[tuple[str, str], Operator]:
        return {}
