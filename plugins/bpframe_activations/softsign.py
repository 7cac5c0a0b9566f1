"""The softsign."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal

__all__ = ["Softsign"]


class Softsign(Activation):
    """Squash each entry into (−1, 1), without exponentials and with longer tails than tanh.

        a = z / (1 + |z|),    a' = 1 / (1 + |z|)²,    a'' = −2 sign(z) / (1 + |z|)³

    At z = 0 the second derivative jumps from 2 to −2; it is given as 0, the middle.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Bergstra, Desjardins, Lamblin and Bengio, *Quadratic Polynomials Learn Better Image Features* (2009).
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return z / (1 + |z|), written into `out`."""
        np.abs(z, out=out)
        np.add(out, 1, out=out)
        return np.divide(z, out, out=out)

    def jacobian(self, z: Array, out: Array) -> Diagonal:
        """Return diag(1 / (1 + |z|)²)."""
        np.abs(z, out=out)
        np.add(out, 1, out=out)
        np.divide(1, out, out=out)
        return Diagonal(np.multiply(out, out, out=out))

    def second_derivative(self, z: Array) -> Array:
        """Return −2 sign(z) / (1 + |z|)³."""
        narrow = 1 / (1 + np.abs(z))
        curvature: Array = -2 * np.sign(z) * narrow * narrow * narrow
        return curvature
