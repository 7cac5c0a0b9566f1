"""Penalties that keep parameters small."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, Penalty

__all__ = ["L1", "L2", "ElasticNet"]


class L1(Penalty):
    """The sum of magnitudes: it draws entries to zero, all with the same force.

        R = λ Σ |p_i|,    ∂R/∂p = λ sign(p),    ∂²R/∂p² = 0

    At p_i = 0 the gradient is 0, the middle of the slopes on both sides.

    Source: Tibshirani, Regression Shrinkage and Selection via the Lasso (1996).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("lasso",)

    rate: NonNegativeFloat = Field(description="λ, the force that draws each entry to zero.")

    def forward(self, p: Array) -> Any:
        """Return λ Σ |p|."""
        return self.rate * np.abs(p).sum()

    def gradient(self, p: Array) -> Array:
        """Return λ sign(p)."""
        return self.rate * np.sign(p)

    def hessian(self, p: Array) -> Array:
        """Return 0."""
        return np.zeros_like(p)


class L2(Penalty):
    """Half the sum of squares: it shrinks every entry by the same share, as weight decay does.

        R = λ/2 Σ p_i²,    ∂R/∂p = λ p,    ∂²R/∂p² = λ I

    PyTorch's `weight_decay=λ` adds the same λ p to the gradient; Keras's `regularizers.l2(λ)` is λ Σ p², twice as much.

    Source: Hoerl and Kennard, Ridge Regression (1970); Krogh and Hertz, A Simple Weight Decay Can Improve
    Generalization (1991).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("weight_decay", "ridge")

    quadratic: ClassVar[bool] = True

    rate: NonNegativeFloat = Field(description="λ, the share by which a unit step shrinks p.")

    def forward(self, p: Array) -> Any:
        """Return λ/2 Σ p²."""
        return 0.5 * self.rate * np.square(p).sum()

    def gradient(self, p: Array) -> Array:
        """Return λ p."""
        return self.rate * p

    def hessian(self, p: Array) -> Array:
        """Return λ, entry by entry."""
        return np.full_like(p, self.rate)


class ElasticNet(Penalty):
    """L1 and L2 together: entries are drawn to zero, and large ones shrink.

        R = λ₁ Σ |p_i| + λ₂/2 Σ p_i²,    ∂R/∂p = λ₁ sign(p) + λ₂ p,    ∂²R/∂p² = λ₂ I

    Source: Zou and Hastie, Regularization and Variable Selection via the Elastic Net (2005), with λ₂ in place of 2 λ₂.
    """

    l1: NonNegativeFloat = Field(description="λ₁, the force that draws each entry to zero.")
    l2: NonNegativeFloat = Field(description="λ₂, the share by which a unit step shrinks p.")

    def forward(self, p: Array) -> Any:
        """Return λ₁ Σ |p| + λ₂/2 Σ p²."""
        return self.l1 * np.abs(p).sum() + 0.5 * self.l2 * np.square(p).sum()

    def gradient(self, p: Array) -> Array:
        """Return λ₁ sign(p) + λ₂ p."""
        return self.l1 * np.sign(p) + self.l2 * p

    def hessian(self, p: Array) -> Array:
        """Return λ₂, entry by entry."""
        return np.full_like(p, self.l2)
