"""Cross-entropy of outputs that are probabilities already."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import Array, Cost, Diagonal, Field, ShapeMismatch
from bpframe_classification.class_numbers import check_between, check_classes, one_hot
from bpframe_classification.positions import spread, total

__all__ = ["ProbabilityCrossEntropy"]


class ProbabilityCrossEntropy(Cost):
    """The negative logarithm of the probability that the output gives to the target.

        C = −Σ_t w_t Σ_j y_tj ln a_tj,    ∇_a C = −w y / a,    ∂²C/∂a² = w diag(y / a²)

    for outputs that are probabilities of classes, such as a softmax's; y is e_k for class number k. With `targets:
    binary` every entry is the probability of a yes of its own, such as a sigmoid's, and

        C = −Σ_t w_t Σ_j (y_tj ln a_tj + (1 − y_tj) ln(1 − a_tj))
        ∇_a C = w ((1 − y) / (1 − a) − y / a),    ∂²C/∂a² = w diag(y / a² + (1 − y) / (1 − a)²)

    An output of exactly 0 that the target wants has the cost ∞, with nothing hidden by a smallest probability. One
    that the target counts and that is no probability, below 0 or above 1, has the cost NaN, so that scores are not
    taken for probabilities. Where the scores before the softmax or the sigmoid are at hand, `cross_entropy` and
    `binary_cross_entropy` are faster, more precise, and finite.

    Shapes: a (N, *positions, classes), y (N, *positions), integers, or like a; weight (N, *positions), or like a yes or
    no -> C (N,): the sum over an example's own targets; the mean is over all targets. Hessian: diagonal.

    Errors: ShapeMismatch where there is no axis of classes; DataError for a class number or a share that
    is none.

    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eqs. (4.90) and (4.108).
    """

    probabilities: ClassVar[bool] = True  # outputs are some

    targets: Literal["classes", "probabilities", "binary"] = Field(
        "classes", description="What targets are: class numbers, shares of the classes, or a yes or no for each entry."
    )

    @property
    def threshold(self) -> float | None:
        """Above which a probability says yes, of a yes or no."""
        return 0.5 if self.targets == "binary" else None

    @property
    def integer_targets(self) -> bool:  # type: ignore[override]
        """Whether targets are class numbers."""
        return self.targets == "classes"

    def input_domain(self) -> dict[str, tuple[float, float]]:
        """Return where probabilities lie."""
        return {"a": (0, 1)} if self.targets == "classes" else {"a": (0, 1), "y": (0, 1)}

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Leave the classes out, of class numbers."""
        if self.targets == "binary":
            return shape
        if not shape:
            raise ShapeMismatch("classes need an axis", expected="(N, *positions, classes)", received="(N,)")
        return shape[:-1] if self.targets == "classes" else shape

    def weight_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Leave the classes out, of class numbers and of shares."""
        return shape if self.targets == "binary" else shape[:-1]

    def check_target(self, y: Array, shape: tuple[int, ...]) -> None:
        """Refuse a class number that is none, and a share outside 0 to 1."""
        if self.targets == "classes":
            check_classes(y, shape[-1])
        else:
            check_between(y, 0, 1, "share of a class")

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        """Return C, one number per example."""
        shares = self._shares(a, y)
        held = a.real.dtype if a.real.dtype.kind == "f" else np.dtype(np.float64)  # what symbols stand for
        beyond = 1 + 8 * np.finfo(held).eps  # a mean of probabilities may round to a little more than 1
        with np.errstate(divide="ignore", invalid="ignore"):
            a = np.where((a.real < 0) | (a.real > beyond), np.nan, a)
            each = -shares * np.log(np.where(shares == 0, 1, a))
            if self.targets == "binary":
                each = each - (1 - shares) * np.log1p(-np.where(shares == 1, 0, a))
        return total(each, weight)

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        """Return the gradient."""
        shares = self._shares(a, y)
        with np.errstate(divide="ignore", over="ignore"):
            slope = -shares / np.where(shares == 0, 1, a)
            if self.targets == "binary":
                slope = slope + (1 - shares) / np.where(shares == 1, 1, 1 - a)
        return spread(slope, weight)

    def hessian(self, a: Array, y: Array, weight: Array) -> Diagonal:
        """Return the diagonal."""
        shares = self._shares(a, y)
        with np.errstate(divide="ignore", over="ignore"):
            bend = shares / np.where(shares == 0, 1, a) ** 2
            if self.targets == "binary":
                bend = bend + (1 - shares) / np.where(shares == 1, 1, 1 - a) ** 2
        return Diagonal(spread(bend, weight))

    def _shares(self, a: Array, y: Array) -> Array:
        return one_hot(y, a.shape[-1], a.real.dtype) if self.targets == "classes" else y
