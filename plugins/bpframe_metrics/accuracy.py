"""The share of examples whose class is right."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Metric, PositiveInt, ShapeMismatch, accuracy
from bpframe_metrics.meaning import LOGITS, MULTI_LABEL, threshold_of
from bpframe_metrics.rows import all_labels, class_rows, weights_of_places

__all__ = ["Accuracy", "TopK"]


class Accuracy(Metric):
    """The share of examples, or of their positions, whose class is right: `bpframe.accuracy`.

        Σ_n w_n [right_n] / Σ_n w_n

    Of one output the threshold is that of the network's cost, 0 of `binary_cross_entropy`; 1/2 where it says none, or 0
    with `logits`. With `multi_label` it is the share of the yes and no of all outputs that are right.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot; of one output, prediction
    (N, *positions, 1).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("acc",)
    larger_is_better: ClassVar[bool] = True

    logits: bool | None = Field(None, description=LOGITS)
    multi_label: bool = Field(False, description=MULTI_LABEL)

    def measure(
        self,
        prediction: Array,
        target: Array,
        weight: Array | None = None,
        outputs: str | None = None,
        threshold: float | None = None,
    ) -> float:
        """Return the share."""
        if self.multi_label:
            rows = all_labels("accuracy", prediction, target, weight, outputs)
            predicted = rows.predicted(threshold_of("accuracy", self.logits, outputs, threshold))
            return float(np.average(predicted == rows.right, weights=rows.weight))
        if prediction.shape[-1:] == (1,):
            prediction = (np.sign(prediction - threshold_of("accuracy", self.logits, outputs, threshold)) + 1) / 2
        return accuracy(
            prediction, target, weight if weight is None else weights_of_places("accuracy", weight, prediction)
        )


class TopK(Metric):
    """The share of examples, or of their positions, whose class is among the k largest outputs.

        Σ_n w_n [fewer than k outputs a_nj > a_{n,y_n}, or equal to it with j < y_n] / Σ_n w_n

    Of equal outputs the first come first, as in `Accuracy`, which is k = 1; NaN is never right.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot.
    """

    larger_is_better: ClassVar[bool] = True

    k: PositiveInt = Field(description="How many classes an example may name.")

    def measure(self, prediction: Array, target: Array, weight: Array | None = None) -> float:
        """Return the share."""
        if prediction.ndim < 2 or prediction.shape[-1] <= self.k:
            raise ShapeMismatch(
                f"the {self.k} largest of so few outputs are all of them",
                expected=f"(N, *positions, classes) with more than {self.k} classes",
                received=str(prediction.shape),
            )
        rows = class_rows("top_k", prediction, target, weight, numbers=False)
        own = rows.scores[np.arange(len(rows.right)), rows.right][:, None]
        first = np.arange(rows.scores.shape[1]) < rows.right[:, None]
        before = (rows.scores > own) | (first & (rows.scores == own))
        right = (np.count_nonzero(before, axis=1) < self.k) & ~np.isnan(rows.scores).any(axis=1)
        return float(np.average(right, weights=rows.weight))
