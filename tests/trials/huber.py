"""A cost that is quadratic near the target and linear far from it."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Component, Cost, Diagonal, Field, PositiveFloat


class HuberCost(Cost):
    """Half the squared distance up to a threshold, and from there on its tangent.

        C = Σ_j h(r_j),    r = a − y,    h = r²/2 where |r| < δ, else δ (|r| − δ/2)
        ∇_a C = r where |r| < δ, else δ sign r,    ∂²C/∂a² = diag(|r| < δ)

    Shapes: a, y (N, *features) -> C (N,). Hessian: diagonal, of ones and zeros; it jumps where |r| = δ.

    Source: Huber, *Robust estimation of a location parameter* (1964), section 3.
    """

    delta: PositiveFloat = Field(1.0, description="δ, where the parabola ends.")

    def forward(self, a: Array, y: Array) -> Array:
        """Return C, one number per example."""
        r = np.abs(a - y)
        each = np.where(r < self.delta, r**2 / 2, self.delta * (r - self.delta / 2))
        total: Array = each.sum(axis=tuple(range(1, each.ndim)))
        return total

    def jacobian(self, a: Array, y: Array) -> Array:
        """Return ∇_a C."""
        slope: Array = np.clip(a - y, -self.delta, self.delta)
        return slope

    def hessian(self, a: Array, y: Array) -> Diagonal:
        """Return ∂²C/∂a², which is its own root."""
        return Diagonal((np.abs(a - y) < self.delta).astype(a.dtype))


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances to check by value, each with the feature shapes of its inputs."""
    return [
        (HuberCost(), ((4,),)),
        (HuberCost(delta=0.3), ((2, 3),)),
        (HuberCost(delta=2.5), ((),)),
    ]
