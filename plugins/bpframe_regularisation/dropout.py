"""Dropout: entries that are left out at random."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Field, IdentityMap, Operator

__all__ = ["Dropout"]


class Dropout(Activation):
    """In training, set entries to zero at random and scale the others up, so that the expected value stays.

        y = m ⊙ x,    m_i = 0 with probability r, else 1/(1 − r);    ∂y/∂x = diag(m)

    Outside training y = x. Each entry of each example is drawn by itself, from a random stream of this node's own, and
    the same in float32 and float64.

    Shapes: x (N, *features) -> y, the same. Jacobian: diagonal in training, the identity otherwise. With r = 0 nothing
    is left out.

    Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting (2014), section 10 for
    the scaling in training.
    """

    rate: float = Field(0.5, ge=0, lt=1, description="r, the probability with which an entry is left out.")

    def forward(self, x: Array, training: bool, rng: np.random.Generator, saved: dict[str, Array], out: Array) -> Array:
        """Return m ⊙ x in training, else x."""
        if not training:
            return x
        saved["mask"] = (rng.random(x.shape) >= self.rate).astype(x.real.dtype)
        saved["mask"] *= 1 / (1 - self.rate)
        return np.multiply(x, saved["mask"], out=out)

    def jacobian(self, training: bool, saved: dict[str, Array]) -> Operator:
        """Return diag(m) in training, else the identity."""
        return Diagonal(saved["mask"]) if training else IdentityMap()

    def second_derivative(self, y: Array) -> Array:
        """Return 0."""
        return np.zeros_like(y)
