"""Embeddings: whole numbers in, learned vectors out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from bpframe.extend import (
    Array,
    Diagonal,
    Field,
    Gather,
    Initializer,
    Layer,
    Operator,
    Parameter,
    PositiveInt,
    ScaledNormal,
    compose,
)

__all__ = ["Embedding"]


class Embedding(Layer):
    """Look every token up in a table of vectors.

        y_t = w[token_t],    ∂y/∂w: V ↦ V[token_t];    with `mask_zero` y_t = 0 where token_t = 0

    With `mask_zero` token 0 is padding: its vector is 0 and is not learned, and the tokens are the mask that the
    `masked_` layers are given. Nothing passes it on by itself; a layer that mixes positions without a mask (`lstm`,
    `attention`, `transformer_block`, ...) is refused behind it, since it would count padding.

    Shapes: tokens (N, *lead), whole numbers in 0 ... size − 1 -> y (N, *lead, units); w (size, units). Jacobian: a
    gather of rows; the tokens have none. w starts at N(0, 1): one row is read, so that n_in is 1.

    Errors: DataError for tokens outside.

    Source: Bengio, Ducharme, Vincent and Jauvin, A Neural Probabilistic Language Model (2003), section 2, the matrix C.
    """

    integer_inputs: ClassVar[tuple[str, ...]] = ("tokens",)

    size: PositiveInt = Field(description="How many different tokens there are.")
    units: PositiveInt = Field(description="How many numbers stand for a token.")
    mask_zero: bool = Field(False, description="Whether token 0 is padding, whose vector is 0.")
    weights: Initializer = Field(ScaledNormal(), description="Where the vectors start.")

    @property
    def has_padding(self) -> bool:
        """Whether positions of y may be padding."""
        return self.mask_zero

    def input_domain(self) -> dict[str, tuple[int, int]]:
        """Return that tokens are 0, 1, ..., size − 1."""
        return {"tokens": (0, self.size)}

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Add an axis for the vectors."""
        return (*shape, self.units)

    def parameters(self) -> dict[str, Parameter]:
        """Return w (size, units)."""
        return {"w": Parameter((self.size, self.units), init=self.weights, fan_in=1)}

    def forward(self, tokens: Array, p: Mapping[str, Array]) -> Array:
        """Return the rows of w."""
        y = np.take(p["w"], tokens, axis=0)
        return y * (tokens != 0).astype(y.real.dtype)[..., None] if self.mask_zero else y

    def jacobian(self, tokens: Array, p: Mapping[str, Array]) -> dict[str, Operator]:
        """Return the gather of rows, times 0 where token 0 is padding."""
        rows = Gather(tokens[..., None] * self.units + np.arange(self.units))
        if not self.mask_zero:
            return {"w": rows}
        return {"w": compose(Diagonal((tokens != 0).astype(p["w"].real.dtype)[..., None]), rows)}

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return that nothing bends."""
        return {}
