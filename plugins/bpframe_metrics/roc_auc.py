"""How well scores put one class above the others."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import Array, DataError, Field, Metric
from bpframe_metrics.meaning import LOGITS, MULTI_LABEL, are_logits
from bpframe_metrics.rows import class_rows, label_rows, probabilities

__all__ = ["RocAuc"]


class RocAuc(Metric):
    """The probability that an example of a class has a larger score for it than one of the others: the ROC's area.

        AUC_k = Σ_{n: y_n = k} Σ_{m: y_m ≠ k} w_n w_m ([p_nk > p_mk] + ½ [p_nk = p_mk]) / (W_k W_¬k)

    1/2 is chance. Of one output it is that of class 1; of several each class is held against the rest, and `average`
    says whether the mean counts classes alike (macro), by their examples (weighted), or is left out. Of two outputs
    that are probabilities both classes have the same. Probabilities of several classes are compared; where the outputs
    are logits, as of `cross_entropy`, those after the softmax. Of one output, and of each
    with `multi_label`, the order alone counts, of any scores.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot -> a number, or (classes,).

    Errors: DataError where a class has no examples, or all of them; of several outputs those of `LogLoss`.

    Source: Hanley and McNeil, *The Meaning and Use of the Area under a Receiver Operating Characteristic Curve* (1982);
    scikit-learn's `roc_auc_score` with `multi_class="ovr"`.
    """

    larger_is_better: ClassVar[bool] = True

    average: Literal["macro", "weighted", "each"] = Field(
        "macro", description="Whether classes count alike, by their examples, or each has a number of its own."
    )
    logits: bool | None = Field(None, description=LOGITS)
    multi_label: bool = Field(False, description=MULTI_LABEL)

    def measure(
        self, prediction: Array, target: Array, weight: Array | None = None, outputs: str | None = None
    ) -> float | Array:
        """Return the area."""
        if self.multi_label:
            labels = label_rows("roc_auc", prediction, target, weight, outputs)
            areas = [_area(each.scores[:, 0], each.right == 1, each.weight, k) for k, each in enumerate(labels)]
            counts = np.array([each.weight[each.right == 1].sum() for each in labels])
            return self._averaged(areas, counts)
        rows = class_rows("roc_auc", prediction, target, weight)
        if rows.scores.shape[1] == 1:
            return _area(rows.scores[:, 0], rows.right == 1, rows.weight, 1)
        shares = probabilities(
            "roc_auc", rows, are_logits("roc_auc", self.logits, outputs, prediction.shape[-1:] > (1,))
        )
        areas = [_area(shares[:, k], rows.right == k, rows.weight, k) for k in range(rows.classes)]
        return self._averaged(areas, np.bincount(rows.right, weights=rows.weight, minlength=rows.classes))

    def _averaged(self, areas: list[float], counts: Array) -> float | Array:
        if self.average == "each":
            return np.array(areas)
        return float(np.average(areas, weights=counts if self.average == "weighted" else None))


def _area(scores: Array, positive: Array, weight: Array, number: int) -> float:
    """Return the area of one class: by pairs, equal scores together."""
    _, place = np.unique(scores, return_inverse=True)
    true = np.bincount(place, weights=weight * positive)
    false = np.bincount(place, weights=weight * ~positive)
    if not true.sum() or not false.sum():
        raise DataError(
            f"roc_auc of class {number} is undefined",
            expected="examples of the class, and others",
            received="none of the class" if not true.sum() else "nothing else",
        )
    below = np.cumsum(false) - false
    return float((true * (below + false / 2)).sum() / (true.sum() * false.sum()))
