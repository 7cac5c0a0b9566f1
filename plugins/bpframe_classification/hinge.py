"""The costs of a margin."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import Array, Cost, Diagonal, Field, Operator, RankOne, ShapeMismatch, batched
from bpframe_classification.class_numbers import check_classes
from bpframe_classification.positions import spread, total

__all__ = ["HingeCost"]


class MarginHessian(RankOne):
    """w g gᵀ along the last axis, with the root √w g.

    Shapes: g (N, *positions, classes), w (N, *positions, 1).
    """

    def __init__(self, g: Array, w: Array) -> None:
        super().__init__(w * g, g)
        self.g = g
        self.w = w

    def root(self) -> Operator:
        """Return √w g, from one number."""
        size = np.sqrt(self.w)
        return RankOne(size * self.g, np.ones_like(size))


class HingeCost(Cost):
    """What is missing until the right class leads the best of the others by 1.

        C = Σ_t w_t m_t,    m = max(0, 1 + max_{j≠y} a_j − a_y)
        ∇_a C = w (e_j − e_y) where m > 0, else 0,    ∂²C/∂a² = 0

    With `targets: binary` every score has a yes or no of its own, a target above 0, or one of 0 or below (so that 0 and
    1 do, and −1 and 1):

        m = max(0, 1 − s a),    s = 1 for yes, −1 for no,    ∇_a C = −w s where m > 0

    `squared` takes m² in place of m: the gradient is 2m times as large, and the Hessian 2 w g gᵀ where m > 0, with g
    the gradient of m. At the kink, m = 0, slopes are 0; of several best others the first counts.

    Shapes: a (N, *positions, classes), y (N, *positions), integers, or like a; weight like y -> C (N,): the sum over an
    example's own targets; the mean is over all targets. Hessian: zero; squared, rank one, or
    diagonal.

    Errors: ShapeMismatch for fewer than two classes; DataError for a class number that is none.

    Source: Crammer and Singer, *On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines* (2001),
    eq. (2); scikit-learn's `hinge_loss`.
    """

    threshold: ClassVar[float] = 0.0  # a single score above it says yes

    targets: Literal["classes", "binary"] = Field(
        "classes", description="What targets are: class numbers, or a yes or no for each score."
    )
    squared: bool = Field(False, description="Whether what is missing counts by its square.")

    @property
    def integer_targets(self) -> bool:  # type: ignore[override]
        """Whether targets are class numbers."""
        return self.targets == "classes"

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Leave the classes out, of class numbers."""
        if self.targets == "binary":
            return shape
        if not shape or shape[-1] < 2:
            raise ShapeMismatch(
                "hinge compares the right class with the best of the others",
                expected="(N, *positions, classes) with at least two classes",
                received=batched(shape),
                hint="targets='binary' takes one score for a yes or no",
            )
        return shape[:-1]

    def check_target(self, y: Array, shape: tuple[int, ...]) -> None:
        """Refuse a class number that is none."""
        if self.targets == "classes":
            check_classes(y, shape[-1])

    def forward(self, a: Array, y: Array, weight: Array, saved: dict[str, Array]) -> Array:
        """Return C, one number per example."""
        if self.targets == "binary":
            slope = np.where(y > 0, -1, 1).astype(a.real.dtype)
            lead = slope * a
        else:
            right = np.equal(y[..., None], np.arange(a.shape[-1]))
            best = np.where(right, -np.inf, a).argmax(axis=-1)[..., None]
            slope = np.equal(best, np.arange(a.shape[-1])).astype(a.real.dtype) - right
            lead = np.take_along_axis(a, best, axis=-1) - np.where(right, a, 0).sum(axis=-1, keepdims=True)
        margin = np.maximum(lead + 1, 0)
        saved["slope"] = slope * (margin > 0)
        saved["margin"] = margin
        return total(margin * margin if self.squared else margin, weight)

    def jacobian(self, weight: Array, saved: dict[str, Array]) -> Array:
        """Return the gradient."""
        return spread(2 * saved["margin"] * saved["slope"] if self.squared else saved["slope"], weight)

    def hessian(self, weight: Array, saved: dict[str, Array]) -> Operator:
        """Return 2 w g gᵀ, or zeros."""
        slope = saved["slope"]
        if not self.squared:
            return Diagonal(np.zeros_like(slope))
        if self.targets == "binary":
            return Diagonal(spread(2 * slope * slope, weight))
        return MarginHessian(slope, 2 * weight[..., None])
