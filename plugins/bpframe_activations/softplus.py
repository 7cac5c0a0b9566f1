"""The rectifier without its kink."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal

__all__ = ["Softplus"]


class Softplus(Activation):
    """A positive number for each entry: about 0 far below 0, about z far above.

        a = ln(1 + e^z),    a' = σ(z) = 1 − e^{−a},    a'' = σ(z) (1 − σ(z)) = (1 − e^{−a}) e^{−a}

    It is the sigmoid's integral. Computed as max(0, z) + ln(1 + e^{−|z|}), which overflows nowhere and has relative
    accuracy on both tails, as its slope has.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Dugas, Bengio, Bélisle, Nadeau and Garcia, *Incorporating Second-Order Functional Knowledge for Better
    Option Pricing* (2001), section 2.
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return ln(1 + e^z), written into `out`."""
        np.abs(z, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.log1p(out, out=out)
        return np.add(out, np.maximum(z, 0), out=out)

    def jacobian(self, y: Array, out: Array) -> Diagonal:
        """Return diag(1 − e^{−a}), from the output alone."""
        np.negative(y, out=out)
        np.expm1(out, out=out)
        return Diagonal(np.negative(out, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return (1 − e^{−a}) e^{−a}."""
        curvature: Array = -np.expm1(-y) * np.exp(-y)
        return curvature
