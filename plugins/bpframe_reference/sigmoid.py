"""The sigmoid: the tutorial's σ."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal
from bpframe_reference.numbers import number

__all__ = ["Sigmoid"]

# The largest argument of exp whose value is finite, by the character of the dtype; 709 is that of float64.
_LARGEST_EXPONENT = {"f": 88.0, "F": 88.0, "e": 11.0}

# From this size on it pays to look before limiting the entries.
_LARGE = 4096


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
        limit = number(_LARGEST_EXPONENT.get(out.dtype.char, 709.0), out)
        np.negative(z, out=out)
        # NumPy's minimum is slow on large arrays; finding the largest entry takes a fifth of its time.
        if out.size < _LARGE or out.dtype.kind == "c" or not np.maximum.reduce(out, axis=None) <= limit:
            np.minimum(out, limit, out=out)
        np.exp(out, out=out)
        np.add(out, number(1, out), out=out)
        np.reciprocal(out, out=out)
        return out

    def jacobian(self, y: Array, out: Array) -> Diagonal:
        """Return diag(σ'(z)), from the output alone."""
        np.subtract(number(1, out), y, out=out)
        return Diagonal(np.multiply(out, y, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return σ''(z)."""
        curvature: Array = y * (1 - y) * (1 - 2 * y)
        return curvature
