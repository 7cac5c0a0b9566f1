"""Root mean square normalisation: each vector of features by its length."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Diagonal,
    Field,
    IdentityMap,
    Layer,
    Operator,
    Parameter,
    PositiveFloat,
    RankOne,
    add,
    compose,
)
from bpframe_regularisation.gained import gain_and_offset
from bpframe_regularisation.standardising import mean_product, one_over_root

__all__ = ["RmsNorm"]


class RmsNorm(Layer):
    """Give the last axis mean square 1, example by example, then scale it.

        y = g ⊙ x̂ + b,    x̂ = x/r,    r² = mean x² + ε
        ∂x̂/∂x = (1 − x̂ x̂ᵀ/n)/r

    Layer normalisation without the mean: a common factor is lost, a common offset stays. g starts at 1, b, which is
    left out unless it is asked for, at 0. The same in training and outside.

    Shapes: x (N, *lead, n) -> y, the same; g, b (n,). Jacobian of x: diagonal times the identity minus one of rank one;
    of g: diagonal; of b: the identity, each added over lead.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019), eq. (4).
    """

    epsilon: PositiveFloat = Field(1e-5, description="ε, which keeps r from 0.")
    gain: bool = Field(True, description="Whether a gain g per feature is learned.")
    offset: bool = Field(False, description="Whether an offset b per feature is learned.")

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return g and b, both (n,)."""
        return gain_and_offset(features, self.gain, self.offset)

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Array], out: Array) -> Array:
        """Return g ⊙ x̂ + b."""
        saved["inverse"] = inverse = one_over_root(mean_product(x, x, (-1,)) + self.epsilon)
        saved["normalised"] = y = x * inverse
        if self.gain:
            y = np.multiply(y, p["g"], out=out)
        return np.add(y, p["b"], out=out) if self.offset else y

    def jacobian(self, p: Mapping[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        """Return g ∂x̂/∂x, diag(x̂) of g and the identity of b."""
        normalised, inverse = saved["normalised"], saved["inverse"]
        factor = inverse * p["g"] if self.gain else inverse
        found = {"x": compose(Diagonal(factor), _along(normalised))}
        if self.gain:
            found["g"] = compose(Diagonal(normalised), Broadcast())
        if self.offset:
            found["b"] = Broadcast()
        return found

    def second_order(
        self, u: Array, p: Mapping[str, Array], saved: dict[str, Array]
    ) -> dict[tuple[str, str], Operator]:
        """Return −(mean(x̂ u) J + (e x̂ᵀ + x̂ eᵀ)/n)/r, e = Jᵀ u, and how the error of x changes with g: by Jᵀ u."""
        normalised, inverse = saved["normalised"], saved["inverse"]
        size = normalised.shape[-1]
        slope = compose(Diagonal(inverse), _along(normalised))
        turned = p["g"] * u if self.gain else u
        error = slope.vjp(turned) * (inverse / max(size, 1))
        found: dict[tuple[str, str], Operator] = {
            ("x", "x"): add(
                compose(Diagonal(-inverse * mean_product(normalised, turned, (-1,))), slope),
                RankOne(-error, normalised),
                RankOne(-normalised, error),
            )
        }
        if self.gain:
            found["x", "g"] = compose(slope, Diagonal(u), Broadcast())
        return found


def _along(normalised: Array) -> Operator:
    """1 − x̂ x̂ᵀ/n."""
    return add(IdentityMap(), RankOne(normalised * (-1 / max(normalised.shape[-1], 1)), normalised))
