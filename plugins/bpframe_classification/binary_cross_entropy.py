"""The sigmoid and the cross-entropy of two classes as one cost."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, Diagonal, Field, NonNegativeFloat, ShapeMismatch
from bpframe_classification.class_numbers import check_between

__all__ = ["BinaryCrossEntropy"]


class BinaryCrossEntropy(Cost):
    """The negative logarithm of the probability that the sigmoid of a score gives the right one of two classes.

        C = Σ_k w_k (π_k y_k ln(1 + e^{−a_k}) + (1 − y_k) ln(1 + e^{a_k}))
        ∂C/∂a = w ((1 − y) σ(a) − π y σ(−a)),    ∂²C/∂a² = diag(w (1 − y + π y) σ(a) σ(−a))

    The scores a are taken as they are: no sigmoid is needed before. Every score is a decision of its own, so that
    several can be right at once; targets are 0 and 1, or shares between them. Each of the two logarithms is as precise
    as it is small, and nothing overflows.

    `pos_weight` is π, how much the targets 1 count: one number, or one for each score of the last axis. It is no
    weight of the mean, as in PyTorch: the costs are averaged over all scores.

    Shapes: a, y (N, *features) -> C (N,), the sum over an example's own scores; the mean is over all scores.

    Errors: ShapeMismatch where `pos_weight` has another length than the last axis; DataError for a target outside 0
    to 1.

    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eqs. (4.90) and (4.91).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("bce", "bce_loss", "bce_with_logits", "bce_with_logits_loss")

    threshold: ClassVar[float] = 0.0  # a score above it says yes
    for_probabilities: ClassVar[str] = "probability_cross_entropy, with targets: binary"

    pos_weight: NonNegativeFloat | tuple[NonNegativeFloat, ...] = Field(
        1.0, description="π, how much targets of 1 count."
    )

    def input_domain(self) -> dict[str, tuple[float, float]]:
        """Return where targets lie."""
        return {"y": (0.0, 1.0)}

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the output's shape."""
        if isinstance(self.pos_weight, tuple) and len(self.pos_weight) != (shape[-1] if shape else 1):
            raise ShapeMismatch(
                "pos_weight is not one number per score",
                expected=f"one number, or {shape[-1] if shape else 1}",
                received=f"{len(self.pos_weight)}",
            )
        return shape

    def check_target(self, y: Array) -> None:
        """Refuse what is no share."""
        check_between(y, 0, 1, "yes, no, or share between them")

    def forward(self, a: Array, y: Array, weight: Array, saved: dict[str, Array]) -> Array:
        """Return the cost of every example; σ(a) and σ(−a) are saved."""
        small = np.exp(-np.abs(a))
        near, far = 1 / (1 + small), small / (1 + small)
        saved["right"], saved["wrong"] = np.where(a >= 0, near, far), np.where(a >= 0, far, near)
        both = np.log1p(small)
        costs = weight * (self._positive(y) * (both - np.minimum(a, 0)) + (1 - y) * (both + np.maximum(a, 0)))
        total: Array = costs.sum(axis=tuple(range(1, costs.ndim)))
        return total

    def jacobian(self, y: Array, weight: Array, saved: dict[str, Array], out: Array) -> Array:
        """Return w ((1 − y) σ(a) − π y σ(−a)), written into `out`."""
        np.multiply(1 - y, saved["right"], out=out)
        np.subtract(out, self._positive(y) * saved["wrong"], out=out)
        return np.multiply(out, weight, out=out)

    def hessian(self, y: Array, weight: Array, saved: dict[str, Array]) -> Diagonal:
        """Return diag(w (1 − y + π y) σ(a) σ(−a))."""
        return Diagonal(weight * (1 - y + self._positive(y)) * saved["right"] * saved["wrong"])

    def _positive(self, y: Array) -> Array:
        """Return π y."""
        positive: Array = y * np.asarray(self.pos_weight, y.dtype)
        return positive
