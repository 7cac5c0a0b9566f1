"""The softsign activation, as a plugin set for bpframe."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Field, PositiveFloat

__all__ = ["SoftSign", "bpframe_components", "bpframe_examples"]


class SoftSign(Activation):
    """Squash each entry into (-1, 1).

        y = kx / (1 + k|x|),    dy/dx = k (1 - |y|)²,    d²y/dx² = -2k² sign(x) (1 - |y|)³

    Shapes: x (N, *features) -> y, the same. Jacobian: diagonal. The second derivative jumps at 0, where 0 is returned.

    Source: Bergstra et al., *Quadratic polynomials learn better image features* (2009).
    """

    sharpness: PositiveFloat = Field(1.0, description="k, the slope at 0.")

    def forward(self, x: Array) -> Array:
        """Return y."""
        kx = self.sharpness * x
        return kx / (1 + np.abs(kx))

    def jacobian(self, y: Array) -> Diagonal:
        """Return diag(dy/dx), from the output alone."""
        return Diagonal(self.sharpness * (1 - np.abs(y)) ** 2)

    def second_derivative(self, y: Array) -> Array:
        """Return d²y/dx²."""
        return -2 * self.sharpness**2 * np.sign(y) * (1 - np.abs(y)) ** 3


def bpframe_components() -> list[type[SoftSign]]:
    """Return the classes of this set."""
    return [SoftSign]


def bpframe_examples() -> list[tuple[SoftSign, tuple[tuple[int, ...], ...]]]:
    """Return instances to check by value, each with the feature shapes of its inputs."""
    return [(SoftSign(), ((4,),)), (SoftSign(sharpness=2.5), ((2, 3),))]
