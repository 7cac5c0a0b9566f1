"""The Gaussian error linear unit."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import scipy  # which loads scipy.special where it is first used: others need not wait for it

from bpframe.extend import Activation, Array, Diagonal, Field
from bpframe_activations.logistic import logistic

__all__ = ["Gelu"]

_ROOT, _CUBE = math.sqrt(2 / math.pi), 0.044715


class Gelu(Activation):
    """Weigh each entry by the probability that a standard normal number is below it.

        a = z Φ(z),    a' = Φ(z) + z φ(z),    a'' = (2 − z²) φ(z)

    `approximate: tanh` is the paper's faster formula, which differs from it by at most 5e-4:

        a = ½ z (1 + tanh u) = z σ(2u),    u = √(2/π) (z + 0.044715 z³)

    Relative accuracy holds on both tails.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Hendrycks and Gimpel, *Gaussian Error Linear Units* (2016), section 2.
    """

    approximate: Literal["none", "tanh"] = Field("none", description="Whether the formula with tanh is taken.")

    def forward(self, z: Array, out: Array) -> Array:
        """Return z Φ(z), written into `out`."""
        share = logistic(_doubled(z), np.empty_like(out)) if self.approximate == "tanh" else scipy.special.ndtr(z)
        return np.multiply(z, share, out=out)

    def jacobian(self, z: Array) -> Diagonal:
        """Return diag(Φ(z) + z φ(z))."""
        if self.approximate == "tanh":
            s, rest = _shares(z)
            return Diagonal(s + _bounded(z) * s * rest * _slope(z))
        return Diagonal(scipy.special.ndtr(z) + z * _density(z))

    def second_derivative(self, z: Array) -> Array:
        """Return (2 − z²) φ(z)."""
        x = _bounded(z)
        if self.approximate == "tanh":
            (s, rest), slope = _shares(z), _slope(z)
            bend = s * rest
            curvature: Array = bend * (2 * slope + x * (slope * slope * (rest - s) + 12 * _ROOT * _CUBE * x))
            return curvature
        exact: Array = (2 - x * x) * _density(z)
        return exact


def _shares(z: Array) -> tuple[Array, Array]:
    """Return σ(2u) and 1 − σ(2u) = σ(−2u), each as precise as it is small."""
    twice = _doubled(z)
    return logistic(twice, np.empty_like(z)), logistic(-twice, np.empty_like(z))


def _bounded(z: Array) -> Array:
    """Return z where the density is not 0, so that no power of it overflows."""
    return np.clip(z, -40.0, 40.0)


def _density(z: Array) -> Array:
    """Return φ(z) = e^{−z²/2} / √(2π)."""
    x = _bounded(z)
    density: Array = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return density


def _doubled(z: Array) -> Array:
    """Return 2u."""
    x = np.clip(z, -100.0, 100.0)
    twice: Array = 2 * _ROOT * (x + _CUBE * x * x * x)
    return twice


def _slope(z: Array) -> Array:
    """Return 2u'."""
    x = _bounded(z)
    slope: Array = 2 * _ROOT * (1 + 3 * _CUBE * x * x)
    return slope
