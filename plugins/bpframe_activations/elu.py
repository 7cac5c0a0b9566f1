"""Exponential linear units."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Field, PositiveFloat

__all__ = ["Elu", "Selu"]

# The fixed point of the paper's equation: mean 0 and variance 1 stay so through a layer.
_ALPHA, _SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


class Elu(Activation):
    """Let positive entries through, and bend negative ones towards −α.

        a = z              where z > 0,    a' = 1,        a'' = 0
        a = α (e^z − 1)    elsewhere,      a' = α e^z,    a'' = α e^z

    At z = 0 the slope is α, which is 1 unless told otherwise, so that there is no kink.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Clevert, Unterthiner and Hochreiter, *Fast and Accurate Deep Network Learning by Exponential Linear Units*
    (2016), eq. (16).
    """

    alpha: PositiveFloat = Field(1.0, description="α, how far below 0 the output can be.")

    def forward(self, z: Array, out: Array) -> Array:
        """Return z or α (e^z − 1), written into `out`."""
        return _bent(z, self.alpha, out)

    def jacobian(self, z: Array, out: Array) -> Diagonal:
        """Return diag(1 where z > 0, else α e^z)."""
        np.minimum(z, 0, out=out)
        np.exp(out, out=out)
        if self.alpha != 1.0:
            np.multiply(out, np.where(z > 0, 1.0, self.alpha), out=out)
        return Diagonal(out)

    def second_derivative(self, z: Array) -> Array:
        """Return 0 where z > 0, else α e^z."""
        return np.where(z > 0, np.zeros_like(z), self.alpha * np.exp(np.minimum(z, 0)))


class Selu(Activation):
    """The exponential linear unit, scaled so that layers keep mean 0 and variance 1 by themselves.

        a = λ z              where z > 0,    a' = λ,          a'' = 0
        a = λ α (e^z − 1)    elsewhere,      a' = λ α e^z,    a'' = λ α e^z        α = 1.67326..., λ = 1.05070...

    The slope jumps at z = 0, where it is λ α, as in PyTorch. Weights of variance 1/n_in belong to it, which is every
    layer's start unless it is told otherwise.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Klambauer, Unterthiner, Mayr and Hochreiter, *Self-Normalizing Neural Networks* (2017), eqs. (2) and (14).
    """

    def forward(self, z: Array, out: Array) -> Array:
        """Return λ z or λ α (e^z − 1), written into `out`."""
        return np.multiply(_bent(z, _ALPHA, out), _SCALE, out=out)

    def jacobian(self, z: Array, out: Array) -> Diagonal:
        """Return diag(λ where z > 0, else λ α e^z)."""
        np.minimum(z, 0, out=out)
        np.exp(out, out=out)
        return Diagonal(np.multiply(out, np.where(z > 0, _SCALE, _SCALE * _ALPHA), out=out))

    def second_derivative(self, z: Array) -> Array:
        """Return 0 where z > 0, else λ α e^z."""
        return np.where(z > 0, np.zeros_like(z), _SCALE * _ALPHA * np.exp(np.minimum(z, 0)))


def _bent(z: Array, alpha: float, out: Array) -> Array:
    """Write max(0, z) + α (e^{min(0, z)} − 1) into `out`: one of the two is 0."""
    np.minimum(z, 0, out=out)
    np.expm1(out, out=out)
    np.multiply(out, alpha, out=out)
    return np.add(out, np.maximum(z, 0), out=out)
