"""The sigmoid: the tutorial's σ."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal
from bpframe_reference.numbers import number

__all__ = ["Sigmoid"]

# Between these arguments exp is a finite normal number, by the character of the dtype; else as in float64.
_EXPONENTS = {"f": (-87.0, 88.0), "F": (-87.0, 88.0), "e": (-9.0, 11.0)}
_EXPONENTS_OF_DOUBLES = (-708.0, 709.0)


class Sigmoid(Activation):
    """Squash each entry into (0, 1).

        a = σ(z) = 1 / (1 + e^{−z}),    σ'(z) = a (1 − a),    σ''(z) = a (1 − a) (1 − 2a)

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    No finite z overflows: exponents stop at the largest finite power, below which σ(z) < 1e-38 (float32) or
    1e-307 (float64), and where 1 + e^{−z} is 1 they stop before powers become denormal. Relative accuracy holds on
    both tails.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1, eq. (3).
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return σ(z), written into `out`."""
        low, high = _EXPONENTS.get(out.dtype.char, _EXPONENTS_OF_DOUBLES)
        one = number(1, out)
        np.negative(z, out=out)
        np.clip(out, number(low, out), number(high, out), out=out)
        np.exp(out, out=out)
        np.add(out, one, out=out)
        np.divide(one, out, out=out)  # half the time of np.reciprocal
        return out

    def jacobian(self, y: Array, out: Array) -> Diagonal:
        """Return diag(σ'(z)), from the output alone."""
        np.subtract(number(1, out), y, out=out)
        return Diagonal(np.multiply(out, y, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return σ''(z)."""
        curvature: Array = y * (1 - y) * (1 - 2 * y)
        return curvature
