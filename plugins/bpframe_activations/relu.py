"""The rectifier."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal

__all__ = ["Relu"]


class Relu(Activation):
    """Let positive entries through, and nothing else.

        a = max(0, z),    a' = 1 where z > 0, else 0,    a'' = 0

    At the kink z = 0 the slope is 0, as in PyTorch and JAX. NaN stays NaN.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Nair and Hinton, *Rectified Linear Units Improve Restricted Boltzmann Machines* (2010), section 2.1.
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return max(0, z), written into `out`."""
        return np.clip(z, 0, np.inf, out=out)  # a third of the time of np.maximum with a number

    def jacobian(self, y: Array, out: Array) -> Diagonal:
        """Return diag(1 where a > 0, else 0), from the output alone."""
        return Diagonal(np.greater(y, 0, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(y)
