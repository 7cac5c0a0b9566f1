"""Which class is taken for which."""

from __future__ import annotations

from typing import Literal

import numpy as np

from bpframe.extend import Array, Field, Metric
from bpframe_metrics.meaning import LOGITS, threshold_of
from bpframe_metrics.rows import ClassRows, class_rows

__all__ = ["ConfusionMatrix", "confusion"]


def confusion(rows: ClassRows, threshold: float) -> Array:
    """Return the weight of the examples of each class (row) that each class (column) is predicted of."""
    places = rows.right * rows.classes + rows.predicted(threshold)
    return np.bincount(places, weights=rows.weight, minlength=rows.classes**2).reshape(rows.classes, rows.classes)


class ConfusionMatrix(Metric):
    """How many examples of each class (a row) were given each class (a column).

        M_kj = Σ_n w_n [y_n = k] [predicted_n = j]

    `normalize` divides by the sum of the row (true), of the column (predicted) or of all; what has no examples is 0.
    All classes have a row, also those that do not appear. The predicted class has the largest output, the first of
    several; one output predicts class 1 above the threshold, as of `Accuracy`.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot -> (classes, classes), of one output
    (2, 2).

    Source: scikit-learn's `confusion_matrix`, with all classes in `labels`.
    """

    normalize: Literal["true", "predicted", "all"] | None = Field(None, description="What numbers are shares of.")
    logits: bool | None = Field(None, description=LOGITS)

    def measure(
        self,
        prediction: Array,
        target: Array,
        weight: Array | None = None,
        outputs: str | None = None,
        threshold: float | None = None,
    ) -> Array:
        """Return the matrix."""
        above = threshold_of("confusion_matrix", self.logits, outputs, threshold)
        found = confusion(class_rows("confusion_matrix", prediction, target, weight), above)
        if self.normalize is None:
            return found
        axis = {"true": 1, "predicted": 0, "all": None}[self.normalize]
        total = np.broadcast_to(found.sum(axis=axis, keepdims=True), found.shape)
        shares: Array = np.divide(found, total, out=np.zeros_like(found), where=total > 0)
        return shares
