"""The regression cost whose minimum is the median."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, Diagonal
from bpframe_classification.positions import spread, total

__all__ = ["AbsoluteCost"]


class AbsoluteCost(Cost):
    """The distance between output and target, entry by entry.

        C = Σ_i w_i |a_i − y_i|,    ∇_a C = w sign(a − y),    ∂²C/∂a² = 0

    At a = y the slope is 0. The best constant is the median, which outliers do not move. With no curvature, methods of
    second order learn nothing from it but the gradient: take gradient descent and its kin, or `huber`.

    Shapes: a, y, weight (N, *features) -> C (N,): the sum over an example's own entries; the mean is over all entries.
    Hessian: zero.

    Source: Boscovich (1757), after Stigler, *The History of Statistics* (1986), chapter 1.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("mae", "l1", "l1_loss", "mean_absolute_error")

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        """Return C, one number per example."""
        r = a - y
        return total(np.sign(r) * r, weight)

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        """Return w sign(a − y)."""
        return spread(np.sign(a - y), weight)

    def hessian(self, a: Array) -> Diagonal:
        """Return zeros."""
        return Diagonal(np.zeros_like(a))
