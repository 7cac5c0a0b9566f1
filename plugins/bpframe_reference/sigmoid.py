"""The sigmoid: the tutorial's σ."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal

__all__ = ["Sigmoid"]

# The largest argument of exp whose value is finite, by the character of the dtype; 709 is that of float64.
_LARGEST_EXPONENT = {"f": 88.0, "F": 88.0, "e": 11.0}


class Sigmoid(Activation):
    """Squash each entry into (0, 1).

        a = σ(z) = 1 / (1 + e^{−z}),    σ'(z) = a (1 − a),    σ''(z) = a (1 − a) (1 − 2a)

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    No finite z overflows: exponents stop at the largest finite power, below which σ(z) < 1e-38 (float32) or
    1e-307 (float64). Relative accuracy holds on both tails.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1, eq. (3).
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return σ(z), written into `out`."""
        np.negative(z, out=out)
        np.minimum(out, _LARGEST_EXPONENT.get(out.dtype.char, 709.0), out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=out)
        np.reciprocal(out, out=out)
        return out

    def jacobian(self, y: Array, out: Array) -> Diagonal:
        """Return diag(σ'(z)), from the output alone."""
        np.subtract(1, y, out=out)
        return Diagonal(np.multiply(out, y, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return σ''(z)."""
        curvature: Array = y * (1 - y) * (1 - 2 * y)
        return curvature
