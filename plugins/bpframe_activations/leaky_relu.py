"""The rectifier that leaks."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Field

__all__ = ["LeakyRelu"]


class LeakyRelu(Activation):
    """Let positive entries through, and a small part of negative ones.

        a = max(z, s z),    a' = 1 where z > 0, else s,    a'' = 0

    At the kink z = 0 the slope is s, as in PyTorch.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Maas, Hannun and Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic Models* (2013), eq. (2).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("lrelu",)

    slope: float = Field(0.01, ge=0, le=1, description="s, the part of negative entries that is let through.")

    def forward(self, z: Array, out: Array) -> Array:
        """Return max(z, s z), written into `out`."""
        np.multiply(z, self.slope, out=out)
        return np.maximum(z, out, out=out)

    def jacobian(self, z: Array, out: Array) -> Diagonal:
        """Return diag(1 where z > 0, else s)."""
        np.greater(z, 0, out=out)
        return Diagonal(np.maximum(out, self.slope, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(y)
