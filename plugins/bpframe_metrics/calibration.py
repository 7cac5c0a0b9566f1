"""Whether predicted probabilities are what happens."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Metric, PositiveInt
from bpframe_metrics.meaning import LOGITS, MULTI_LABEL, are_logits
from bpframe_metrics.rows import all_labels, class_rows, probabilities

__all__ = ["CalibrationError", "ReliabilityCurve"]

_BINS = Field(15, description="Into how many bins of equal width the probabilities are sorted.")


class ReliabilityCurve(Metric):
    """What was predicted and what happened, for probabilities of about the same size.

        row b:  Σ w p / W_b,  Σ w [happened] / W_b,  W_b / W        over p in (b/B, (b+1)/B]

    Of several classes, p is the largest probability and what happens is that its class is right; of one output, and of
    each with `multi_label`, p is that of class 1 and what happens is class 1. A bin without examples is a row of zeros,
    which its share W_b / W tells apart. Points on the diagonal are calibrated.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot -> (bins, 3).

    Errors: DataError for outputs of a network that does not say that they are logits or probabilities, and for
    probabilities outside 0 to 1, or of classes that do not add up to 1.

    Source: DeGroot and Fienberg, *The Comparison and Evaluation of Forecasters* (1983); scikit-learn's
    `calibration_curve`.
    """

    bins: PositiveInt = _BINS
    logits: bool | None = Field(None, description=LOGITS)
    multi_label: bool = Field(False, description=MULTI_LABEL)

    def measure(
        self, prediction: Array, target: Array, weight: Array | None = None, outputs: str | None = None
    ) -> Array:
        """Return the rows."""
        return _curve(self, prediction, target, weight, outputs)


class CalibrationError(Metric):
    """How far probabilities are from what happens, on average: the expected calibration error.

        Σ_b W_b / W |Σ w p / W_b − Σ w [happened] / W_b|

    with the bins of `ReliabilityCurve`. It is 0 where 80 of 100 examples that were given a class with the
    probability 0.8 are of it, and says nothing of how many are right.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot.

    Errors: DataError for outputs of a network that does not say that they are logits or probabilities, and for
    probabilities outside 0 to 1, or of classes that do not add up to 1.

    Source: Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks* (2017), eq. (5).
    """

    larger_is_better: ClassVar[bool] = False

    bins: PositiveInt = _BINS
    logits: bool | None = Field(None, description=LOGITS)
    multi_label: bool = Field(False, description=MULTI_LABEL)

    def measure(
        self, prediction: Array, target: Array, weight: Array | None = None, outputs: str | None = None
    ) -> float:
        """Return the mean distance."""
        curve = _curve(self, prediction, target, weight, outputs)
        return float((curve[:, 2] * np.abs(curve[:, 0] - curve[:, 1])).sum())


def _curve(
    metric: ReliabilityCurve | CalibrationError,
    prediction: Array,
    target: Array,
    weight: Array | None,
    outputs: str | None,
) -> Array:
    name, bins = metric.kind, metric.bins
    logits = are_logits(name, metric.logits, outputs, prediction.shape[-1:] > (1,) and not metric.multi_label)
    if metric.multi_label:
        rows = all_labels(name, prediction, target, weight, outputs)
    else:
        rows = class_rows(name, prediction, target, weight)
    shares = probabilities(name, rows, logits)
    if rows.scores.shape[1] == 1:
        p, happened = shares[:, 1], rows.right == 1
    else:
        p, happened = shares.max(axis=1), shares.argmax(axis=1) == rows.right
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], p)
    total, predicted, true = (
        np.bincount(place, weights=rows.weight * each, minlength=bins) for each in (np.ones_like(p), p, happened)
    )
    found = np.zeros((bins, 3))
    np.divide(predicted, total, out=found[:, 0], where=total > 0)
    np.divide(true, total, out=found[:, 1], where=total > 0)
    found[:, 2] = total / total.sum()
    return found
