"""The sigmoid linear unit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Activation, Array, Diagonal
from bpframe_activations.logistic import logistic

__all__ = ["Silu"]


class Silu(Activation):
    """Weigh each entry by its own sigmoid; also called swish.

        a = z σ(z),    a' = s (1 + z (1 − s)),    a'' = s (1 − s) (2 + z (1 − 2s)),    s = σ(z)

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Elfwing, Uchibe and Doya, *Sigmoid-Weighted Linear Units* (2018), eqs. (3) and (5).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("swish",)

    def forward(self, z: Array, saved: dict[str, Array], out: Array) -> Array:
        """Return z σ(z), written into `out`; σ(z) is saved."""
        saved["s"] = logistic(z, np.empty_like(out))
        return np.multiply(z, saved["s"], out=out)

    def jacobian(self, y: Array, saved: dict[str, Array], out: Array) -> Diagonal:
        """Return diag(s + a (1 − s))."""
        np.subtract(1, saved["s"], out=out)
        np.multiply(out, y, out=out)
        return Diagonal(np.add(out, saved["s"], out=out))

    def second_derivative(self, z: Array, saved: dict[str, Array]) -> Array:
        """Return s (1 − s) (2 + z (1 − 2s))."""
        s = saved["s"]
        curvature: Array = s * (1 - s) * (2 + z * (1 - 2 * s))
        return curvature
