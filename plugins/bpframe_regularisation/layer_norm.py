"""Layer normalisation: each vector of features by its own mean and variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Broadcast, Diagonal, Field, Layer, Operator, Parameter, PositiveFloat, compose
from bpframe_regularisation.gained import Gained, gain_and_offset
from bpframe_regularisation.standardising import (
    StandardisedBendsWithin,
    StandardisedWithin,
    mean,
    outer,
    total_and_inverse,
)

__all__ = ["LayerNorm"]


class LayerNorm(Layer):
    """Give the last axis mean 0 and variance 1, example by example, then scale and shift it.

        y = g ⊙ x̂ + b,    x̂ = (x − μ)/σ,    σ² = mean (x − μ)² + ε
        ∂x̂/∂x = (1 − 1 1ᵀ/n − x̂ x̂ᵀ/n)/σ

    μ and σ² are of the n numbers on the last axis. g starts at 1, b at 0. The same in training and outside.

    Shapes: x (N, *lead, n) -> y, the same; g, b (n,). Jacobian of x: g over σ, times the identity minus two of rank
    one; of g: diagonal; of b: the identity, each added over lead. Where all n numbers are equal (n = 1, say), y = b.

    Source: Ba, Kiros and Hinton, Layer Normalization (2016), eq. (3) and section 3.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("ln", "layer_normalization")

    epsilon: PositiveFloat = Field(1e-5, description="ε, which keeps σ from 0.")
    gain: bool = Field(True, description="Whether a gain g per feature is learned.")
    offset: bool = Field(True, description="Whether an offset b per feature is learned.")

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return g and b, both (n,)."""
        return gain_and_offset(features, self.gain, self.offset)

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Array], out: Array) -> Array:
        """Return g ⊙ x̂ + b."""
        saved["centred"] = centred = x - mean(x, (-1,))
        saved["total"], inverse = total_and_inverse(centred, self.epsilon, (-1,))
        saved["inverse"] = inverse
        saved["factor"] = factor = outer(inverse, p["g"]) if self.gain else inverse
        np.multiply(centred, factor, out=out)
        return np.add(out, p["b"], out=out) if self.offset else out

    def jacobian(self, saved: dict[str, Array]) -> dict[str, Operator]:
        """Return g ∂x̂/∂x, diag(x̂) of g and the identity of b."""
        centred, inverse = saved["centred"], saved["inverse"]
        slope = StandardisedWithin(centred, saved["total"], saved["factor"], (-1,), centred.shape)
        found: dict[str, Operator] = {"x": slope}
        if self.gain:
            found["g"] = Gained(centred, inverse)
        if self.offset:
            found["b"] = Broadcast()
        return found

    def second_order(
        self, u: Array, p: Mapping[str, Array], saved: dict[str, Array]
    ) -> dict[tuple[str, str], Operator]:
        """Return how x̂ bends, and how the error of x changes with g: by Jᵀ u, of the J of x̂."""
        centred, inverse = saved["centred"], saved["inverse"]
        slope = StandardisedWithin(centred, saved["total"], inverse, (-1,), centred.shape)
        if not self.gain:
            return {("x", "x"): StandardisedBendsWithin(slope, u)}
        return {
            ("x", "x"): StandardisedBendsWithin(slope, p["g"] * u),
            ("x", "g"): compose(slope, Diagonal(u), Broadcast()),
        }
