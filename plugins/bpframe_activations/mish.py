"""Mish."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal

__all__ = ["Mish"]


class Mish(Activation):
    """Weigh each entry by the hyperbolic tangent of its softplus: smooth, and not monotonic.

        a = z t,    t = tanh ln(1 + e^z) = (q − 2) / q,    q = e² + 2e + 2,    e = e^z
        a' = t + z t',    t' = 4 e (1 + e) / q²
        a'' = 2 t' + z t'',    t'' = 4 e ((1 + 2e) q − 4 e (1 + e)²) / q³

    Where e^z is so large that t is 1 to the last digit it is held there; nothing overflows.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Misra, *Mish: A Self Regularized Non-Monotonic Activation Function* (2019), eq. (1).
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return z t, written into `out`."""
        e = np.exp(_held(z))
        n = e * (e + 2)
        np.divide(n, n + 2, out=out)
        return np.multiply(out, z, out=out)

    def jacobian(self, z: Array, out: Array) -> Diagonal:
        """Return diag(t + z t')."""
        x = _held(z)
        e = np.exp(x)
        n = e * (e + 2)
        q = n + 2
        np.divide(4 * e * (1 + e), q, out=out)
        np.multiply(out, x, out=out)
        np.add(out, n, out=out)
        return Diagonal(np.divide(out, q, out=out))

    def second_derivative(self, z: Array) -> Array:
        """Return 2 t' + z t''."""
        x = _held(z)
        e = np.exp(x)
        q = e * (e + 2) + 2
        once = 4 * e * (1 + e) / (q * q)
        twice = 4 * e * ((1 + 2 * e) / q - 4 * e / q * (1 + e) / q * (1 + e)) / q
        curvature: Array = 2 * once + x * twice
        return curvature


def _held(z: Array) -> Array:
    """Return z, no larger than needed for t = 1."""
    held: Array = np.minimum(z, 12.0 if z.dtype.char == "f" else 25.0)
    return held
