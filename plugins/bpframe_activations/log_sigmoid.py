"""The logarithm of the sigmoid."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal
from bpframe_activations.logistic import logistic

__all__ = ["LogSigmoid"]


class LogSigmoid(Activation):
    """The logarithm of each entry's sigmoid, where the sigmoid itself may be too small for a number.

        a = log σ(z) = −log(1 + e^{−z}),    a' = σ(−z),    a'' = −σ(z) σ(−z)

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eq. (4.88), for the slope of σ.
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return min(z, 0) − log(1 + e^{−|z|}), written into `out`."""
        np.abs(z, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.log1p(out, out=out)
        return np.subtract(np.minimum(z, 0), out, out=out)

    def jacobian(self, z: Array, out: Array) -> Diagonal:
        """Return diag(σ(−z))."""
        return Diagonal(logistic(np.negative(z), out))

    def second_derivative(self, z: Array) -> Array:
        """Return −σ(z) σ(−z)."""
        bend: Array = -logistic(z, np.empty_like(z)) * logistic(-z, np.empty_like(z))
        return bend
