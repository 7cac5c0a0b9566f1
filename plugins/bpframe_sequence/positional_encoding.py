"""Positions, added to what stands there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.extend import (
    Array,
    Field,
    Gather,
    IdentityMap,
    Initializer,
    Layer,
    Operator,
    Parameter,
    PositiveInt,
    ScaledNormal,
    ShapeMismatch,
)

__all__ = ["PositionalEncoding"]


class PositionalEncoding(Layer):
    """Add to every step a vector that tells where it stands.

        y_t = x_t + e_t,    e_{t,2i} = sin(t/10000^{2i/d}),    e_{t,2i+1} = cos(t/10000^{2i/d});    or e_t = w_t

    With `length` the vectors are learned, for so many positions; without, they are sinusoids, for any number.

    Shapes: x (N, T, d) -> y, the same; w (length, d). Jacobian: the identity; of w, its first T rows. w starts at
    N(0, 1)/√d.

    Errors: ShapeMismatch for inputs that are no sequences, and for more than `length` steps.

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.5.
    """

    length: PositiveInt | None = Field(None, description="How many positions have learned vectors; None: sinusoids.")
    weights: Initializer = Field(ScaledNormal(), description="Where learned vectors start.")

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the same."""
        if len(shape) != 2 or (self.length is not None and shape[0] is not None and shape[0] > self.length):
            raise ShapeMismatch(
                "positional_encoding goes through sequences",
                expected="(N, T, d)" + ("" if self.length is None else f" with T up to length={self.length}"),
                received=f"{shape} after N",
            )
        return shape

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return w (length, d), where positions are learned."""
        return {} if self.length is None else {"w": Parameter((self.length, features), init=self.weights)}

    def forward(self, x: Array, p: Mapping[str, Array]) -> Array:
        """Return x + e."""
        if self.length is not None:
            return x + p["w"][: x.shape[1]]
        encoded: Array = x + sinusoids(x.shape[1], x.shape[2]).astype(x.real.dtype)
        return encoded

    def jacobian(self, x: Array) -> dict[str, Operator]:
        """Return the identity, and the rows of w that were added."""
        if self.length is None:
            return {"x": IdentityMap()}
        read = np.arange(x.shape[1] * x.shape[2]).reshape(1, x.shape[1], x.shape[2])
        return {"x": IdentityMap(), "w": Gather(read, (self.length, x.shape[2]))}

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return that nothing bends."""
        return {}


def sinusoids(times: int, features: int) -> Array:
    """Return e, (T, d)."""
    pair = np.arange(features) // 2 * 2
    angle = np.arange(times)[:, None] * 10000.0 ** (-pair / max(features, 1))
    return np.where(np.arange(features) % 2 == 0, np.sin(angle), np.cos(angle))
