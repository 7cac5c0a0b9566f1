"""The sigmoid: the tutorial's σ."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Activation, Array, Diagonal

__all__ = ["Sigmoid"]

# Between these arguments exp is a finite normal number, in float16, in float32, else as in float64.
_HALF, _SINGLE, _DOUBLE = (-9.0, 11.0), (-87.0, 88.0), (-708.0, 709.0)


class Sigmoid(Activation):
    """Squash each entry into (0, 1).

        a = σ(z) = 1 / (1 + e^{−z}),    σ'(z) = a (1 − a),    σ''(z) = a (1 − a) (1 − 2a)

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    No finite z overflows: exponents stop at the largest finite power, below which σ(z) < 1e-38 (float32) or
    1e-307 (float64), and where 1 + e^{−z} is 1 they stop before powers become denormal. Relative accuracy holds on
    both tails.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1, eq. (3).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("logistic",)

    probabilities: ClassVar[bool] = True

    def forward(self, z: Array, out: Array) -> Array:
        """Return σ(z), written into `out`."""
        low, high = _SINGLE if out.dtype.char in "fF" else _HALF if out.dtype.char == "e" else _DOUBLE
        np.negative(z, out=out)
        np.clip(out, low, high, out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=out)
        np.divide(1, out, out=out)  # half the time of np.reciprocal
        return out

    def jacobian(self, y: Array, out: Array) -> Diagonal:
        """Return diag(σ'(z)), from the output alone."""
        np.subtract(1, y, out=out)
        return Diagonal(np.multiply(out, y, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return σ''(z)."""
        curvature: Array = y * (1 - y) * (1 - 2 * y)
        return curvature
