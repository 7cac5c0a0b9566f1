"""How surprised predictions are by the targets."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Metric
from bpframe_metrics.meaning import LOGITS, MULTI_LABEL, are_logits
from bpframe_metrics.rows import all_labels, class_rows, log_probabilities, probabilities

__all__ = ["LogLoss"]


class LogLoss(Metric):
    """The mean negative logarithm of the probability that the right class was given.

        −Σ_n w_n ln p_{n,y_n} / Σ_n w_n

    With `multi_label` the mean is over the yes and no of all outputs, −ln p_nk or −ln(1 − p_nk).

    Of logits it is exact and the mean cost of `cross_entropy`, of one output that of `binary_cross_entropy`.
    Probabilities are kept away from 0 and 1 by the rounding unit of their dtype, so that one that is sure and wrong
    does not make all infinite.

    Shapes: prediction (N, *positions, classes), target (N, *positions) or one-hot; of one output, the probability of 1.

    Errors: DataError for outputs of a network that does not say that they are logits or probabilities, and for
    probabilities outside 0 to 1, or of classes that do not add up to 1.

    Source: scikit-learn's `log_loss`.
    """

    larger_is_better: ClassVar[bool] = False

    logits: bool | None = Field(None, description=LOGITS)
    multi_label: bool = Field(False, description=MULTI_LABEL)

    def measure(
        self, prediction: Array, target: Array, weight: Array | None = None, outputs: str | None = None
    ) -> float:
        """Return the mean."""
        several = prediction.shape[-1:] > (1,) and not self.multi_label
        logits = are_logits("log_loss", self.logits, outputs, several)
        if self.multi_label:
            rows = all_labels("log_loss", prediction, target, weight, outputs)
        else:
            rows = class_rows("log_loss", prediction, target, weight)
        right = (np.arange(len(rows.right)), rows.right)
        if logits:
            return float(np.average(-log_probabilities(rows)[right], weights=rows.weight))
        eps = np.finfo(prediction.dtype if prediction.dtype.kind == "f" else np.float64).eps
        given = np.clip(probabilities("log_loss", rows, False)[right], eps, 1 - eps)
        return float(np.average(-np.log(given), weights=rows.weight))
