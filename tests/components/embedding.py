"""Embedding: integers in, rows of a table out."""

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Gather, Initializer, Layer, Operator, Parameter, PositiveInt

from .initializer import UniformInitializer


class Embedding(Layer):
    """Look tokens up in a table of vectors.

        y_t = w[token_t],    ∂y/∂w: V ↦ V[token_t]

    Shapes: tokens (N, *lead), integers -> y (N, *lead, units); w (vocabulary, units). Integers have no derivative.
    """

    integer_inputs: ClassVar[tuple[str, ...]] = ("tokens",)

    vocabulary: PositiveInt
    units: PositiveInt
    table: Initializer = Field(UniformInitializer(), description="Where the vectors start.")

    def input_domain(self) -> dict[str, tuple[int, int]]:
        return {"tokens": (0, self.vocabulary)}

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape, self.units)

    def parameters(self) -> dict[str, Parameter]:
        return {"w": Parameter((self.vocabulary, self.units), init=self.table)}

    def forward(self, tokens: Array, p: dict[str, Array]) -> Array:
        return p["w"][tokens]

    def jacobian(self, tokens: Array) -> dict[str, Operator]:
        return {"w": Gather(tokens[..., None] * self.units + np.arange(self.units))}
