"""The tutorial's cost."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, IdentityMap

__all__ = ["QuadraticCost"]


class QuadraticCost(Cost):
    """Half the squared distance between output and target.

        C = ½ ‖y − a‖²,    ∇_a C = a − y,    ∂²C/∂a² = 1

    Shapes: a, y (N, *features) -> C (N,). Hessian: identity, which is its own root.

    Source: eq. (4); Nielsen, *Neural Networks and Deep Learning*, chapter 2.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("mse", "mse_loss", "mean_squared_error", "l2_loss")

    def forward(self, a: Array, y: Array) -> Array:
        """Return C, one number per example: eq. (4)."""
        difference = a - y
        np.multiply(difference, difference, out=difference)
        total: Array = np.add.reduce(difference, axis=tuple(range(1, difference.ndim)))
        total *= 0.5
        return total

    def jacobian(self, a: Array, y: Array, out: Array) -> Array:
        """Return ∇_a C = a − y, written into `out`."""
        return np.subtract(a, y, out=out)

    def hessian(self) -> IdentityMap:
        """Return the identity."""
        return IdentityMap()
