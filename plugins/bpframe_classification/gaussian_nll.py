"""Regression that says how sure it is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, DiagonalBlocks, ShapeMismatch, batched
from bpframe_classification.positions import spread, total

__all__ = ["GaussianNllCost"]


class GaussianNllCost(Cost):
    """The negative log-likelihood of targets under normal distributions whose means and variances are both predicted.

        C = ½ Σ_i w_i (s_i + z_i²),    z = (μ − y) e^{−s/2}
        ∂C/∂μ = w z e^{−s/2},    ∂C/∂s = w (1 − z²) / 2
        ∂²C/∂μ² = w e^{−s},    ∂²C/∂μ∂s = −w z e^{−s/2},    ∂²C/∂s² = w z²/2

    The output holds the means μ in the first half of its last axis, and in the second the logarithms of the variances,
    s = ln σ², so that any number will do and no variance is 0 or below. Without ½ ln 2π, which no output changes; it is
    PyTorch's `GaussianNLLLoss`, whose `var` is e^s. Where e^{−s} is larger than its dtype can hold, C is ∞, unless the
    mean is the target.

    Shapes: a (N, *lead, 2k) of μ and s, y and weight (N, *lead, k) -> C (N,): the sum over an example's own entries;
    the mean is over all entries. Hessian: diagonal blocks. It is not convex in (μ, s) together, so that there is no
    root: Gauss–Newton and its kin refuse this cost by name, `hvp` is exact.

    Errors: ShapeMismatch for an output whose last axis is not even.

    Source: Nix and Weigend, *Estimating the Mean and Variance of the Target Probability Distribution* (1994), eq. (2).
    """

    domain: ClassVar[dict[str, tuple[float, float]]] = {"a": (-80.0, 80.0)}

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Halve the last axis."""
        if not shape or shape[-1] % 2:
            raise ShapeMismatch(
                "gaussian_nll needs a mean and a log-variance for every entry of a target",
                expected="(N, *lead, 2k): k means, then k log-variances",
                received=batched(shape),
            )
        return (*shape[:-1], shape[-1] // 2)

    def point_prediction(self, a: Array) -> Array:
        """Return the means."""
        return a[..., : a.shape[-1] // 2]

    def forward(self, a: Array, y: Array, weight: Array, saved: dict[str, Array]) -> Array:
        """Return C, one number per example."""
        half = y.shape[-1]
        r, s = a[..., :half] - y, a[..., half:]
        with np.errstate(over="ignore", invalid="ignore"):
            saved["precision"] = root = np.exp(-s / 2)
            saved["z"] = z = np.where(r == 0, r, r * root)
            return total((s + z * z) / 2, weight)

    def jacobian(self, weight: Array, saved: dict[str, Array]) -> Array:
        """Return the gradients in μ and in s."""
        z, root = saved["z"], saved["precision"]
        with np.errstate(over="ignore", invalid="ignore"):
            slope = np.where(z == 0, z, z * root)
            return np.concatenate([spread(slope, weight), spread((1 - z * z) / 2, weight)], axis=-1)

    def hessian(self, weight: Array, saved: dict[str, Array]) -> DiagonalBlocks:
        """Return the four diagonals."""
        z, root = saved["z"], saved["precision"]
        with np.errstate(over="ignore", invalid="ignore"):
            mixed = spread(np.where(z == 0, z, -z * root), weight)
            return DiagonalBlocks([[spread(root * root, weight), mixed], [mixed, spread(z * z / 2, weight)]])
