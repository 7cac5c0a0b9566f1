"""Precision, recall, and both in one number."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import numpy as np

from bpframe.extend import Array, DataError, Field, Metric, NonNegativeInt
from bpframe_metrics.confusion_matrix import confusion
from bpframe_metrics.meaning import LOGITS, MULTI_LABEL, threshold_of
from bpframe_metrics.rows import ClassRows, class_rows, label_rows

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
        above = threshold_of("precision", self.logits, outputs, threshold)
        if self.multi_label:
            return _of_labels(label_rows("precision", prediction, target, weight, outputs), above, self.average, 0.0)
        matrix = confusion(class_rows("precision", prediction, target, weight), above)
        return _averaged("precision", matrix, self.average, self.positive, 0.0)


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
        above = threshold_of("recall", self.logits, outputs, threshold)
        if self.multi_label:
            return _of_labels(label_rows("recall", prediction, target, weight, outputs), above, self.average, 1.0)
        matrix = confusion(class_rows("recall", prediction, target, weight), above)
        return _averaged("recall", matrix, self.average, self.positive, 1.0)


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
        above = threshold_of("f1", self.logits, outputs, threshold)
        if self.multi_label:
            return _of_labels(label_rows("f1", prediction, target, weight, outputs), above, self.average, 0.5)
        matrix = confusion(class_rows("f1", prediction, target, weight), above)
        return _averaged("f1", matrix, self.average, self.positive, 0.5)


def _of_labels(rows: list[ClassRows], above: float, average: Average, share: float) -> float | Array:
    """Return the mean over labels, all of which count in it, or what `average` says in its place."""
    if average == "binary":
        raise DataError(
            "several labels have no one class that average='binary' is about",
            expected="macro, micro, weighted or each",
            received="average: binary",
            hint="average='macro' counts labels alike, 'micro' pools them, 'each' has a number for each",
        )
    matrices = np.array([confusion(each, above) for each in rows])
    right, given, true = matrices[:, 1, 1], matrices[:, :, 1].sum(axis=1), matrices[:, 1].sum(axis=1)
    if average == "micro":
        right, given, true = (np.atleast_1d(each.sum()) for each in (right, given, true))
    each = _shares(right, given, true, share)
    if average == "micro":
        return float(each[0])
    if average == "each":
        return each
    if average == "macro":
        return float(each.mean())
    return float(np.average(each, weights=true)) if true.any() else 0.0


def _shares(right: Array, given: Array, true: Array, share: float) -> Array:
    """Return TP / (TP + (1 − s) FP + s FN), 0 of nothing."""
    total = (1 - share) * given + share * true  # TP + (1 − s) (given − TP) + s (true − TP)
    found: Array = np.divide(right, total, out=np.zeros_like(total), where=total > 0)
    return found


def _averaged(metric: str, matrix: Array, average: Average, positive: int | None, share: float) -> float | Array:
    """Return TP / (TP + (1 − s) FP + s FN): the precision for s = 0, the recall for 1, F1 for 1/2."""
    right, given, true = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    if average == "micro":
        right, given, true = (np.atleast_1d(each.sum()) for each in (right, given, true))
    each = _shares(right, given, true, share)
    if average == "each":
        return np.asarray(each)
    if average == "micro":
        return float(each[0])
    if average == "binary":
        if positive is None and len(matrix) > 2:
            raise DataError(
                f"{metric} with average='binary' is of one class",
                expected="two classes, or `positive`",
                received=f"{len(matrix)} classes",
                hint="average='macro', 'micro', 'weighted' or 'each', or positive=3 for class 3",
            )
        number = 1 if positive is None else positive
        if number >= len(matrix):
            raise DataError(f"{metric}: positive is no class", expected=f"0 to {len(matrix) - 1}", received=str(number))
        return float(each[number])
    found = (given > 0) | (true > 0)
    return float(np.average(each[found], weights=true[found] if average == "weighted" else None))
