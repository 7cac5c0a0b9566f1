"""A gain and an offset per feature, which are learned: what follows a normalisation."""

from __future__ import annotations

import math

import numpy as np

from bpframe.extend import Array, Operator, Parameter

__all__ = ["Gained", "gain_and_offset"]


class Gained(Operator):
    """The Jacobian of y = g ⊙ x̂ with respect to g, which every vector of features shares, where x̂ = c/σ.

        (J v)_lead = v ⊙ c_lead/σ,    Jᵀ u = Σ_lead u_lead ⊙ c_lead/σ

    Shapes: c (N, *lead, n), 1/σ (N, *lead, 1), or with 1 in places; inputs (n,), outputs (*lead, n). Cost: a
    multiply-add per output.
    """

    structure = "gain"

    def __init__(self, centred: Array, inverse: Array) -> None:
        self.centred = centred
        self.inverse = inverse
        self.in_shape = centred.shape[-1:]
        self.out_shape = centred.shape[1:]

    @property
    def batch(self) -> int:
        """The number of examples."""
        return len(self.centred)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: v ⊙ c/σ, (*S, N, n) -> (*S, N, *lead, n)."""
        spread = v.reshape(*v.shape[:-1], *(1,) * (self.centred.ndim - 2), v.shape[-1])
        pushed: Array = spread * self.centred * self.inverse
        return pushed

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: Σ u ⊙ c/σ over lead, (*S, N, *lead, n) -> (*S, N, n)."""
        along: Array = u * self.centred * self.inverse
        total: Array = along.sum(axis=tuple(range(u.ndim - self.centred.ndim + 1, u.ndim - 1)))
        return total

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over examples, too: (*S, N, *lead, n) -> (*S, n), as a product of matrices."""
        along = np.multiply(u, self.centred)
        rows = along.reshape(*u.shape[: u.ndim - self.centred.ndim], math.prod(self.centred.shape[:-1]), u.shape[-1])
        if self.inverse.shape[-1] == 1:
            weights = np.broadcast_to(self.inverse, (*self.centred.shape[:-1], 1)).reshape(-1)
            return np.matmul(weights, rows, out=out)
        total = np.matmul(np.ones_like(rows, shape=rows.shape[-2:-1]), rows)
        return np.multiply(total, self.inverse.reshape(-1), out=out)


def gain_and_offset(features: int, gain: bool, offset: bool) -> dict[str, Parameter]:
    """Return the parameters g, which starts at 1, and b, which starts at 0, where they are learned."""
    found = {}
    if gain:
        found["g"] = Parameter((features,), init=1.0)
    if offset:
        found["b"] = Parameter((features,), init=0.0)
    return found
