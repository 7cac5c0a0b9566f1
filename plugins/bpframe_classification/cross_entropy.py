"""Softmax and cross-entropy as one cost."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import Array, Cost, Field, NonNegativeFloat, Operator, ShapeMismatch
from bpframe_classification.class_numbers import check_between, check_classes
from bpframe_classification.softmax_hessian import SoftmaxHessian

__all__ = ["CrossEntropy"]


class CrossEntropy(Cost):
    """The negative logarithm of the probability that a softmax of the scores gives the right class.

        C = Σ_t w_t (ln Σ_j e^{a_tj} − Σ_j q_tj a_tj)
        ∇_a C = w (p − q),    ∂²C/∂a² = w (diag(p) − p pᵀ),    p = softmax(a)

    with q = (1 − ε) e_y + ε / K for class number y of K classes and the label smoothing ε. The scores a are taken as
    they are: no softmax is needed before. Nothing overflows, and the cost of an example that is all but certain is as
    precise as that of any other.

    Targets are class numbers, or with `targets: probabilities` the shares of the classes, such as one-hot rows; q is
    then (1 − ε) y + ε Σ_j y_j / K, and the first two terms of C and of its derivatives are multiplied with Σ_j y_j.

    `class_weight` weighs the examples of each class: the mean cost is Σ w_y C / Σ w_y, and without smoothing it is
    PyTorch's, whose smoothing weighs the wrong classes by their own weights. Of shares y, w is Σ_j w_j y_j. Targets
    equal to `ignore` do not count: they are left out of the mean. `sample_weight` and masks are multiplied with both.

    Shapes: a (N, *positions, classes), y (N, *positions), integers, or like a -> C (N,), the sum over an example's own
    positions; the mean is over all positions.

    Errors: ShapeMismatch where there are no classes, or other ones than class weights; DataError for a class number
    that is none.

    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eqs. (4.108) to (4.110); Szegedy et al.,
    *Rethinking the Inception Architecture* (2016), section 7: label smoothing.
    """

    also_known_as: ClassVar[tuple[str, ...]] = (
        "ce",
        "nll",
        "nll_loss",
        "cross_entropy_loss",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
    )

    for_probabilities: ClassVar[str] = "probability_cross_entropy"

    targets: Literal["classes", "probabilities"] = Field("classes", description="What targets are.")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="ε, which part of a target goes to all classes alike.")
    class_weight: tuple[NonNegativeFloat, ...] | None = Field(
        None, description="How much each class counts; all alike where it is left out."
    )
    ignore: int | None = Field(None, description="The class number of targets that do not count.")

    @property
    def integer_targets(self) -> bool:  # type: ignore[override]
        """Whether targets are class numbers."""
        return self.targets == "classes"

    def input_domain(self) -> dict[str, tuple[float, float]]:
        """Return where targets lie; which integers are classes is seen beside the scores."""
        negative = self.targets == "classes" and self.ignore is not None and self.ignore < 0
        low = 0.0 if self.targets == "classes" and not negative else -np.inf
        return {"y": (low, np.inf)}

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Leave the classes out, of class numbers."""
        if not shape:
            raise ShapeMismatch("scores of classes need an axis", expected="(N, *positions, classes)", received="(N,)")
        if self.class_weight is not None and len(self.class_weight) != shape[-1]:
            raise ShapeMismatch(
                "class_weight is not one number per class",
                expected=f"{shape[-1]} numbers",
                received=f"{len(self.class_weight)}",
            )
        return shape[:-1] if self.targets == "classes" else shape

    def weight_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Leave the classes out."""
        return shape[:-1]

    def target_weight(self, y: Array) -> Array | None:
        """Return each target's class weight, and 0 where it is to be ignored; None where all count alike."""
        if self.class_weight is None and (self.ignore is None or self.targets == "probabilities"):
            return None
        weights = None if self.class_weight is None else np.array(self.class_weight)
        if self.targets == "probabilities":
            shares: Array = y @ weights
            return shares
        counts = np.ones(y.shape, bool) if self.ignore is None else y != self.ignore
        return counts * (1.0 if weights is None else weights[self._classes(y)])

    def check_target(self, y: Array, shape: tuple[int, ...]) -> None:
        """Refuse a class number that is none, and is not the ignored one, and a share below 0."""
        if self.targets == "classes":
            check_classes(y, shape[-1], self.ignore)
        else:
            check_between(y, 0, math.inf, "share of a class")

    def forward(self, a: Array, y: Array, weight: Array, saved: dict[str, Array]) -> Array:
        """Return the cost of every example; softmax(a) is saved, and what is missing from 1 in the right class."""
        shifted = a - a.max(axis=-1, keepdims=True)
        e = np.exp(shifted)
        smooth = self.label_smoothing
        if self.targets == "probabilities":
            saved["p"] = e / e.sum(axis=-1, keepdims=True)
            # ln Σ e, of which 1 is one of the largest scores' own: what the others add is summed by itself.
            largest = (shifted == 0).astype(a.dtype)
            logarithm = np.log1p((e - largest).sum(axis=-1) + (largest.sum(axis=-1) - 1))
            costs = y.sum(axis=-1) * logarithm - (1 - smooth) * (y * shifted).sum(axis=-1)
            if smooth:
                costs -= smooth * y.sum(axis=-1) * shifted.mean(axis=-1)
        else:
            classes = self._classes(y)
            saved["right"] = right = np.equal(classes[..., None], np.arange(a.shape[-1]))
            places = classes.reshape(-1) + np.arange(classes.size) * a.shape[-1]
            own = shifted.reshape(-1).take(places).reshape(classes.shape)
            # ln Σ e = ln(1 + others + (e_y − 1)), whose last term is 0 where the right score is the largest.
            others, of_right = np.where(right, 0, e).sum(axis=-1), np.exp(own)
            total = others + of_right
            saved["p"] = e / total[..., None]
            saved["missing"] = others / total
            costs = np.log1p(others + (of_right - 1)) - (1 - smooth) * own
            if smooth:
                costs -= smooth * shifted.mean(axis=-1)
        costs *= weight
        whole: Array = costs.sum(axis=tuple(range(1, costs.ndim)))
        return whole

    def jacobian(self, y: Array, weight: Array, saved: dict[str, Array], out: Array) -> Array:
        """Return w (p − q), written into `out`."""
        p, smooth = saved["p"], self.label_smoothing
        if self.targets == "probabilities":
            share = y.sum(axis=-1, keepdims=True)
            np.multiply(p - smooth / p.shape[-1], share, out=out)
            np.subtract(out, (1 - smooth) * y, out=out)
        elif smooth:
            np.subtract(p, (1 - smooth) * saved["right"] + smooth / p.shape[-1], out=out)
        else:
            return np.multiply(np.where(saved["right"], -saved["missing"][..., None], p), weight[..., None], out=out)
        return np.multiply(out, weight[..., None], out=out)

    def hessian(self, y: Array, weight: Array, saved: dict[str, Array]) -> Operator:
        """Return w (diag(p) − p pᵀ)."""
        share = weight * y.sum(axis=-1) if self.targets == "probabilities" else weight
        return SoftmaxHessian(saved["p"], share[..., None])

    def _classes(self, y: Array) -> Array:
        """Return class numbers, any of which stands for what is ignored."""
        return y if self.ignore is None else np.where(y == self.ignore, 0, y)
