"""The hyperbolic tangent."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal

__all__ = ["Tanh"]


class Tanh(Activation):
    """Squash each entry into (−1, 1), with slope 1 at 0.

        a = tanh z = 2 σ(2z) − 1,    a' = 1 − a²,    a'' = −2 a (1 − a²)

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: LeCun, Bottou, Orr and Müller, *Efficient BackProp* (1998), section 4.4, without its factors 1.7159 and 2/3.
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return tanh z, written into `out`."""
        return np.tanh(z, out=out)

    def jacobian(self, y: Array, out: Array) -> Diagonal:
        """Return diag(1 − a²), from the output alone."""
        np.multiply(y, y, out=out)
        return Diagonal(np.subtract(1, out, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return −2 a (1 − a²)."""
        curvature: Array = -2 * y * (1 - y * y)
        return curvature
