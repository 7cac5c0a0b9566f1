"""The quadratic cost of data with a standard deviation each."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Cost, Diagonal

__all__ = ["WeightedQuadraticCost"]


class WeightedQuadraticCost(Cost):
    """Half the squared distance between output and target, in units of each target's standard deviation.

        C = ½ Σ ((a − y)/σ)²,    ∇_a C = (a − y)/σ²,    ∂²C/∂a² = diag(1/σ²),    S = diag(1/σ)

    Shapes: a (N, *features); the target (N, *features, 2) has y and σ > 0 on its last axis; C (N,). Hessian: diagonal.

    Source: Gauss, Theoria combinationis observationum (1823); Press et al., Numerical Recipes (3rd ed., 2007), eq.
    (15.1.6), where C is χ²/2.
    """

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a target: values and standard deviations."""
        return (*shape, 2)

    def forward(self, a: Array, y: Array) -> Array:
        """Return C, one number per example."""
        residual = (a - y[..., 0]) / y[..., 1]
        total: Array = np.add.reduce(residual * residual, axis=tuple(range(1, a.ndim)))
        return total * 0.5

    def jacobian(self, a: Array, y: Array) -> Array:
        """Return ∇_a C = (a − y)/σ²."""
        sigma = y[..., 1]
        gradient: Array = (a - y[..., 0]) / (sigma * sigma)
        return gradient

    def hessian(self, y: Array) -> Diagonal:
        """Return diag(1/σ²)."""
        sigma = y[..., 1]
        return Diagonal(1 / (sigma * sigma))
