"""Sets that parameters can be kept in."""

from __future__ import annotations

import math

import numpy as np

from bpframe.extend import Array, Constraint, ContractError, Field, PositiveFloat

__all__ = ["MaxMagnitude", "MaxNorm", "NonNegative", "UnitNorm"]

_AXIS = (
    "The axes along which norms are taken. Left out: all but the first, so that the weights of each neuron or filter "
    "have a norm of their own; of an array of one axis, that one."
)


class MaxNorm(Constraint):
    """No vector of weights is longer than a limit; longer ones are shortened.

        Π(p) = p min(1, c/‖p‖)

    for each vector along `axis`.

    Errors: ContractError where the parameter has no such axis.

    Source: Srivastava et al., Dropout (2014), section 5.1.
    """

    limit: PositiveFloat = Field(description="c, the largest norm.")
    axis: int | tuple[int, ...] | None = Field(None, description=_AXIS)

    def project(self, p: Array) -> Array:
        """Return p, shortened where it is longer than c."""
        norms = _norms(p, self.axis)
        return p * (self.limit / np.maximum(norms, self.limit))


class UnitNorm(Constraint):
    """Every vector of weights has length 1: only its direction is learned.

        Π(p) = p/‖p‖

    for each vector along `axis`. All points of the sphere are as near to 0; it goes to the one of equal entries.

    Errors: ContractError where the parameter has no such axis.

    Source: Salimans and Kingma, Weight Normalization (2016), eq. (2) with g = 1.
    """

    axis: int | tuple[int, ...] | None = Field(None, description=_AXIS)

    def project(self, p: Array) -> Array:
        """Return p, brought to length 1."""
        norms = _norms(p, self.axis)
        length = math.sqrt(max(p.size // max(norms.size, 1), 1))
        return np.where(norms > 0, p / np.where(norms > 0, norms, 1), np.asarray(1 / length, p.dtype))


class NonNegative(Constraint):
    """No entry is negative.

        Π(p) = max(p, 0)

    Source: Lee and Seung, Learning the Parts of Objects by Non-negative Matrix Factorization (1999).
    """

    def project(self, p: Array) -> Array:
        """Return max(p, 0)."""
        return np.maximum(p, 0)


class MaxMagnitude(Constraint):
    """No entry is larger than a limit, in either direction: weights are clipped by value.

        Π(p) = max(−c, min(p, c))

    Source: Arjovsky, Chintala and Bottou, Wasserstein GAN (2017), algorithm 1.
    """

    limit: PositiveFloat = Field(description="c, the largest magnitude.")

    def project(self, p: Array) -> Array:
        """Return p, clipped."""
        return np.clip(p, -self.limit, self.limit)


def _norms(p: Array, axis: int | tuple[int, ...] | None) -> Array:
    """Return the norms along axes, which stay with length 1, without overflow; an empty vector's is 0."""
    axes = tuple(range(min(1, p.ndim - 1), p.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if any(not -p.ndim <= each < p.ndim for each in axes):
        raise ContractError(
            "its axis is none of the parameter's",
            expected=f"axes from {-p.ndim} to {p.ndim - 1}" if p.ndim else "a parameter with axes",
            received=f"axis={axis} for a parameter of shape {p.shape}",
        )
    largest = np.abs(p).max(axis=axes, keepdims=True, initial=0.0)
    scaled = p / np.where(largest > 0, largest, 1)
    norms: Array = largest * np.sqrt(np.square(scaled).sum(axis=axes, keepdims=True))
    return norms
