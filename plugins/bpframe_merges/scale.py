"""A learned factor for each feature."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.extend import Array, Broadcast, Diagonal, Field, FiniteFloat, Layer, Operator, Parameter, compose

__all__ = ["Scale"]


class Scale(Layer):
    """Multiply each feature with a factor that is learned.

        y = s ⊙ x,    ∂y/∂x = diag(s),    ∂y/∂s = diag(x)

    Shapes: x (N, *lead, features) -> y, the same; s (features,). Jacobians: diagonal in x, a diagonal after a broadcast
    in s. s starts at `start`; small, it lets what it scales come in by and by.

    Source: Touvron et al., *Going Deeper with Image Transformers* (2021), eq. (7): LayerScale.
    """

    start: FiniteFloat = Field(1.0, description="Where every factor starts.")

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return s (features,)."""
        return {"s": Parameter((features,), init=self.start)}

    def forward(self, x: Array, p: Mapping[str, Array], out: Array) -> Array:
        """Return s ⊙ x, written into `out`."""
        return np.multiply(x, p["s"], out=out)

    def jacobian(self, x: Array, p: Mapping[str, Array]) -> dict[str, Operator]:
        """Return diag(s) and diag(x)."""
        factors = p["s"].reshape((1,) * (x.ndim - 1) + p["s"].shape)
        return {"x": Diagonal(factors), "s": compose(Diagonal(x), Broadcast())}

    def second_order(self, u: Array) -> dict[tuple[str, str], Operator]:
        """Return the one block that is not zero: a change of s changes x's error by u times it."""
        return {("x", "s"): compose(Diagonal(u), Broadcast())}
