"""How far numbers are from their targets: what outputs predict of them, as the cost says, such as their mean."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, DataError, Metric
from bpframe_metrics.rows import value_rows

__all__ = ["R2", "Mae", "Rmse"]


class Mae(Metric):
    """The mean distance between prediction and target.

        1/F Σ_i Σ_n w_n |a_ni − y_ni| / Σ_n w_n

    Shapes: prediction and target (N, *positions, F); all positions count as examples do.

    Source: scikit-learn's `mean_absolute_error`.
    """

    larger_is_better: ClassVar[bool] = False

    def measure(
        self, prediction: Array, target: Array, weight: Array | None = None, point: Array | None = None
    ) -> float:
        """Return the mean."""
        a, y, w = value_rows("mae", prediction if point is None else point, target, weight)
        return float(_mean("mae", np.abs(a - y), w).mean())


class Rmse(Metric):
    """The root of the mean squared distance between prediction and target, in the target's units.

        1/F Σ_i √(Σ_n w_n (a_ni − y_ni)² / Σ_n w_n)

    Shapes: prediction and target (N, *positions, F); all positions count as examples do.

    Source: scikit-learn's `root_mean_squared_error`.
    """

    larger_is_better: ClassVar[bool] = False

    def measure(
        self, prediction: Array, target: Array, weight: Array | None = None, point: Array | None = None
    ) -> float:
        """Return the root, its mean over the outputs."""
        a, y, w = value_rows("rmse", prediction if point is None else point, target, weight)
        return float(np.sqrt(_mean("rmse", (a - y) ** 2, w)).mean())


class R2(Metric):
    """The share of the targets' variance that the prediction explains: the coefficient of determination.

        1/F Σ_i (1 − Σ_n w_n (a_ni − y_ni)² / Σ_n w_n (y_ni − ȳ_i)²),    ȳ_i = Σ_n w_n y_ni / Σ_n w_n

    1 is exact, 0 is as good as the mean, and below 0 is worse. Of an output whose targets are all equal it is 1 where
    they are met, and else 0.

    Shapes: prediction and target (N, *positions, F); all positions count as examples do.

    Errors: DataError for fewer than two targets.

    Source: scikit-learn's `r2_score`.
    """

    larger_is_better: ClassVar[bool] = True

    def measure(
        self, prediction: Array, target: Array, weight: Array | None = None, point: Array | None = None
    ) -> float:
        """Return the share, its mean over the outputs."""
        a, y, w = value_rows("r2", prediction if point is None else point, target, weight)
        if len(a) < 2:
            raise DataError("r2 of one target is undefined", expected="at least two", received=str(len(a)))
        missed = (w * (a - y) ** 2).sum(axis=0)
        spread = (w * (y - _mean("r2", y, w)) ** 2).sum(axis=0)
        # Of equal targets the mean is off by a rounding, which would be all that there is to divide by.
        counts = w > 0
        varies = y.max(axis=0, where=counts, initial=-np.inf) > y.min(axis=0, where=counts, initial=np.inf)
        share = np.divide(missed, spread, out=np.where(missed > 0, 1.0, 0.0), where=varies)
        return float((1 - share).mean())


def _mean(metric: str, each: Array, weight: Array) -> Array:
    """Return the weighted mean of every output."""
    total = weight.sum(axis=0)
    if not (total > 0).all():
        raise DataError(
            f"{metric} of an output nothing of which counts is undefined",
            expected="a weight above 0",
            received=f"none in output {int(np.argmin(total > 0))}",
        )
    mean: Array = (weight * each).sum(axis=0) / total
    return mean
