"""A regression cost that outliers pull at with a bounded force."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, Diagonal, Field, PositiveFloat
from bpframe_classification.positions import spread, total

__all__ = ["HuberCost"]


class HuberCost(Cost):
    """Half the squared distance up to a threshold, and its tangent from there on.

        C = Σ_i w_i h(r_i),    r = a − y,    h(r) = c (r − c/2),    c = min(max(r, −δ), δ)
        ∇_a C = w c,    ∂²C/∂a² = w diag(|r| < δ)

    so h is r²/2 where |r| <= δ, and δ (|r| − δ/2) beyond.

    Shapes: a, y, weight (N, *features) -> C (N,): the sum over an example's own entries; the mean is over all entries.
    Hessian: diagonal of ones and zeros, which jumps at |r| = δ.

    Source: Huber, *Robust Estimation of a Location Parameter* (1964), section 3.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("smooth_l1", "smooth_l1_loss")

    delta: PositiveFloat = Field(1.0, description="δ, where the parabola ends.")

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        """Return C, one number per example."""
        r = a - y
        clipped = np.clip(r, -self.delta, self.delta)
        return total(clipped * (r - clipped / 2), weight)

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        """Return w c."""
        return spread(np.clip(a - y, -self.delta, self.delta), weight)

    def hessian(self, a: Array, y: Array, weight: Array) -> Diagonal:
        """Return w diag(|r| < δ)."""
        return Diagonal(spread((np.abs(a - y) < self.delta).astype(a.dtype), weight))
