"""What is measured of classifiers beside their cost."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Field, Metric, PositiveInt, ShapeMismatch, accuracy, right_classes

__all__ = ["Accuracy", "TopK"]


class Accuracy(Metric):
    """The share of examples whose class is right, between 0 and 1: `bpframe.accuracy`, with its rules for targets.

        Σ_n w_n [right_n] / Σ_n w_n

    Shapes: prediction (N, classes), target (N,) or (N, classes); of one output, prediction (N, 1).
    """

    def measure(self, prediction: Array, target: Array, sample_weight: Array | None) -> float:
        """Return the share."""
        return accuracy(prediction, target, sample_weight)


class TopK(Metric):
    """The share of examples whose class is among the k largest outputs, between 0 and 1.

        Σ_n w_n [at most k outputs a_nj >= a_{n,y_n}] / Σ_n w_n

    An output that equals the right one's counts against it, as in `Accuracy`, which is k = 1; NaN is never right.

    Shapes: prediction (N, classes), target (N,) or (N, classes).
    """

    k: PositiveInt = Field(description="How many classes an example may name.")

    def measure(self, prediction: Array, target: Array, sample_weight: Array | None) -> float:
        """Return the share."""
        if prediction.ndim != 2:
            raise ShapeMismatch(
                "top_k needs one score per class",
                expected="(N, classes)",
                received=str(prediction.shape),
                hint="for positions of a sequence, a Metric of your own that asks for `weight` or `mask`",
            )
        if prediction.shape[1] <= self.k:
            raise ShapeMismatch(
                f"the {self.k} largest of so few outputs are all of them",
                expected=f"(N, classes) with more than {self.k} classes",
                received=str(prediction.shape),
            )
        scores = prediction[np.arange(len(prediction)), right_classes(prediction, target)]
        # Not below the right one are those at least as large, the right one itself, and everything beside a NaN.
        right = np.count_nonzero(~(prediction < scores[:, None]), axis=1) <= self.k
        return float(np.average(right, weights=sample_weight))
