"""The identity: no activation at all."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Activation, Array, IdentityMap

__all__ = ["Identity"]


class Identity(Activation):
    """Pass the input on.

        a = z,    ∂a/∂z = 1

    Shapes: z (N, *features) -> a, the same. Jacobian: identity. With it δ^l = ∂C/∂z^l is eq. (13) again.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("linear",)

    def forward(self, z: Array) -> Array:
        """Return z itself."""
        return z

    def jacobian(self) -> IdentityMap:
        """Return the identity."""
        return IdentityMap()

    def second_derivative(self, y: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(y)
