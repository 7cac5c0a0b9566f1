"""Precision, recall, and both in one number."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import numpy as np

from bpframe.extend import Array, DataError, Field, Metric, NonNegativeInt
from bpframe_metrics.confusion_matrix import confusion
from bpframe_metrics.meaning import LOGITS, MULTI_LABEL, threshold_of
from bpframe_metrics.rows import class_rows, label_rows

__all__ = ["F1", "Precision", "Recall"]

Average: TypeAlias = Literal["binary", "macro", "micro", "weighted", "each"]

_AVERAGE = (
    "Of one class alone (binary), the mean over classes (macro), over classes by their examples (weighted), from the "
    "sums over classes (micro), or a number for each class."
)
_POSITIVE = "The class that `binary` is about; of two classes, 1 where it is left out."


class Precision(Metric):
    """The share of what is predicted to be of a class that is.

        precision_k = TP_k / (TP_k + FP_k)

    0 where nothing is predicted to be of the class. `average` makes one number of several classes; the means are over
    those that are a target or a prediction somewhere.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot -> a number, or (classes,).

    With `multi_label` every output is a yes or no of its own, `average` is over all of them, and `binary` is of none.

    Errors: DataError for `average: binary` of more than two classes without `positive`.

    Source: scikit-learn's `precision_score` with `zero_division=0`.
    """

    larger_is_better: ClassVar[bool] = True

    average: Average = Field("binary", description=_AVERAGE)
    positive: NonNegativeInt | None = Field(None, description=_POSITIVE)
    logits: bool | None = Field(None, description=LOGITS)
    multi_label: bool = Field(False, description=MULTI_LABEL)

    def measure(
        self,
        prediction: Array,
        target: Array,
        weight: Array | None = None,
        outputs: str | None = None,
        threshold: float | None = None,
    ) -> float | Array:
        """Return the precision."""
        return _share(self, 0.0, prediction, target, weight, outputs, threshold)


class Recall(Metric):
    """The share of a class that is predicted to be of it.

        recall_k = TP_k / (TP_k + FN_k)

    0 where nothing is of the class. `average` makes one number of several classes; the means are over those that are a
    target or a prediction somewhere. Weighted, it is the accuracy.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot -> a number, or (classes,).

    With `multi_label` every output is a yes or no of its own, `average` is over all of them, and `binary` is of none.

    Errors: DataError for `average: binary` of more than two classes without `positive`.

    Source: scikit-learn's `recall_score` with `zero_division=0`.
    """

    larger_is_better: ClassVar[bool] = True

    average: Average = Field("binary", description=_AVERAGE)
    positive: NonNegativeInt | None = Field(None, description=_POSITIVE)
    logits: bool | None = Field(None, description=LOGITS)
    multi_label: bool = Field(False, description=MULTI_LABEL)

    def measure(
        self,
        prediction: Array,
        target: Array,
        weight: Array | None = None,
        outputs: str | None = None,
        threshold: float | None = None,
    ) -> float | Array:
        """Return the recall."""
        return _share(self, 1.0, prediction, target, weight, outputs, threshold)


class F1(Metric):
    """The harmonic mean of precision and recall.

        F1_k = 2 TP_k / (2 TP_k + FP_k + FN_k)

    0 where the class is neither a target nor a prediction. `average` makes one number of several classes; the means are
    over those that are a target or a prediction somewhere.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot -> a number, or (classes,).

    With `multi_label` every output is a yes or no of its own, `average` is over all of them, and `binary` is of none.

    Errors: DataError for `average: binary` of more than two classes without `positive`.

    Source: van Rijsbergen, *Information Retrieval* (2nd ed., 1979), chapter 7; scikit-learn's `f1_score` with
    `zero_division=0`.
    """

    larger_is_better: ClassVar[bool] = True

    average: Average = Field("binary", description=_AVERAGE)
    positive: NonNegativeInt | None = Field(None, description=_POSITIVE)
    logits: bool | None = Field(None, description=LOGITS)
    multi_label: bool = Field(False, description=MULTI_LABEL)

    def measure(
        self,
        prediction: Array,
        target: Array,
        weight: Array | None = None,
        outputs: str | None = None,
        threshold: float | None = None,
    ) -> float | Array:
        """Return the harmonic mean."""
        return _share(self, 0.5, prediction, target, weight, outputs, threshold)


def _share(
    metric: Precision | Recall | F1,
    false: float,
    prediction: Array,
    target: Array,
    weight: Array | None,
    outputs: str | None,
    threshold: float | None,
) -> float | Array:
    """Return TP / (TP + (1 − s) FP + s FN): the precision for s = 0, the recall for 1, F1 for 1/2; s is `false`."""
    above = threshold_of(metric.kind, metric.logits, outputs, threshold)
    if metric.multi_label:
        labels = label_rows(metric.kind, prediction, target, weight, outputs)
        _require_no_one_class(metric.average)
        matrices = np.array([confusion(each, above) for each in labels])
        right, given, true = matrices[:, 1, 1], matrices[:, :, 1].sum(axis=1), matrices[:, 1].sum(axis=1)
        return _averaged(metric.average, false, right, given, true, np.ones(len(labels), bool))
    matrix = confusion(class_rows(metric.kind, prediction, target, weight), above)
    right, given, true = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    if metric.average == "binary":
        number = _one_class(metric.kind, metric.positive, len(matrix))
        return float(_shares(false, right, given, true)[number])
    return _averaged(metric.average, false, right, given, true, (given > 0) | (true > 0))


def _averaged(average: Average, false: float, right: Array, given: Array, true: Array, counted: Array) -> float | Array:
    """Return one number for all classes or labels, of which those `counted` are in a mean, or one for each."""
    if average == "micro":
        return float(_shares(false, *(np.atleast_1d(each.sum()) for each in (right, given, true)))[0])
    each = _shares(false, right, given, true)
    if average == "each":
        return each
    if average == "macro":
        return float(each[counted].mean())
    return float(np.average(each[counted], weights=true[counted])) if true.any() else 0.0


def _shares(false: float, right: Array, given: Array, true: Array) -> Array:
    """Return TP / (TP + (1 − s) FP + s FN), 0 of nothing."""
    total = (1 - false) * given + false * true  # TP + (1 − s) (given − TP) + s (true − TP)
    found: Array = np.divide(right, total, out=np.zeros_like(total), where=total > 0)
    return found


def _require_no_one_class(average: Average) -> None:
    if average == "binary":
        raise DataError(
            "several labels have no one class that average='binary' is about",
            expected="macro, micro, weighted or each",
            received="average: binary",
            hint="average='macro' counts labels alike, 'micro' pools them, 'each' has a number for each",
        )


def _one_class(metric: str, positive: int | None, classes: int) -> int:
    """Return the class that `binary` is about."""
    if positive is None and classes > 2:
        raise DataError(
            f"{metric} with average='binary' is of one class",
            expected="two classes, or `positive`",
            received=f"{classes} classes",
            hint="average='macro', 'micro', 'weighted' or 'each', or positive=3 for class 3",
        )
    number = 1 if positive is None else positive
    if number >= classes:
        raise DataError(f"{metric}: positive is no class", expected=f"0 to {classes - 1}", received=str(number))
    return number
