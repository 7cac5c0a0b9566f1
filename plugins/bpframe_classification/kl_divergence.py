"""How far a predicted distribution is from the wanted one."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, Operator, ShapeMismatch
from bpframe_classification.class_numbers import check_between
from bpframe_classification.log_softmax import log_softmax
from bpframe_classification.positions import spread, total
from bpframe_classification.softmax_hessian import SoftmaxHessian

__all__ = ["KlDivergenceCost"]


class KlDivergenceCost(Cost):
    """The divergence of a softmax of the scores from a wanted distribution.

        C = Σ_t w_t Σ_j (y_tj ln(y_tj / p_tj) − y_tj + p_tj),    p = softmax(a)
        ∇_a C = w (p Σ_j y_j − y),    ∂²C/∂a² = w Σ_j y_j (diag(p) − p pᵀ)

    The scores a are taken as they are; logarithms of probabilities are scores of the same probabilities, so that this
    is PyTorch's `kl_div` of `log_softmax` too. Each term is 0 or more, so that small divergences are precise; for
    distributions, Σ_j y_j = 1, the last two terms cancel. It differs from `cross_entropy` of the same y by the entropy
    of y: gradients are the same, and the least value is 0.

    Shapes: a, y (N, *positions, classes), weight (N, *positions) -> C (N,): the sum over an example's own positions;
    the mean is over all positions. Hessian: diagonal minus rank one.

    Errors: ShapeMismatch where there is no axis of classes; DataError for a share outside 0 to 1.

    Source: Kullback and Leibler, *On Information and Sufficiency* (1951), eq. (2.4); Csiszár, *Why Least Squares and
    Maximum Entropy?* (1991), eq. (2.2), where Σ_j y_j is not 1.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("kl", "kld", "kl_div", "kl_div_loss")

    domain: ClassVar[dict[str, tuple[float, float]]] = {"y": (0.0, 1.0)}
    for_probabilities: ClassVar[str] = "probability_cross_entropy, with targets: probabilities"

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the output's shape."""
        if not shape:
            raise ShapeMismatch("scores of classes need an axis", expected="(N, *positions, classes)", received="(N,)")
        return shape

    def weight_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Leave the classes out."""
        return shape[:-1]

    def check_target(self, y: Array) -> None:
        """Refuse what is no share of a class."""
        check_between(y, 0, 1, "share of a class")

    def forward(self, a: Array, y: Array, weight: Array, saved: dict[str, Array]) -> Array:
        """Return C, one number per example."""
        logarithms = log_softmax(a)
        saved["p"] = p = np.exp(logarithms)
        ratio = np.log(np.where(y > 0, y, 1)) - logarithms
        near = np.abs(ratio) < 1
        small = np.where(near, ratio, 0)
        terms = np.where(near, y * (np.expm1(-small) + small), (y * ratio - y) + p)
        return total(np.where(y == 0, p, terms), weight)

    def jacobian(self, y: Array, weight: Array, saved: dict[str, Array]) -> Array:
        """Return w (p Σ_j y_j − y)."""
        return spread(saved["p"] * y.sum(axis=-1, keepdims=True) - y, weight)

    def hessian(self, y: Array, weight: Array, saved: dict[str, Array]) -> Operator:
        """Return w Σ_j y_j (diag(p) − p pᵀ)."""
        return SoftmaxHessian(saved["p"], (weight * y.sum(axis=-1))[..., None])
