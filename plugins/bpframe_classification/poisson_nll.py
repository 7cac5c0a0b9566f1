"""The cost of counts."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Cost, Diagonal
from bpframe_classification.class_numbers import check_between
from bpframe_classification.positions import spread, total

__all__ = ["PoissonNllCost"]


class PoissonNllCost(Cost):
    """The negative log-likelihood of counts whose rate is e^a, without ln y!, which no output changes.

        C = Σ_i w_i (e^{a_i} − y_i a_i),    ∇_a C = w (e^a − y),    ∂²C/∂a² = w diag(e^a)

    The output is the logarithm of the rate, so that any number will do. Where e^a is larger than its dtype can hold, it
    is ∞, and training ends as not finite. It is PyTorch's `PoissonNLLLoss()`.

    Shapes: a, y, weight (N, *features) -> C (N,): the sum over an example's own entries; the mean is over all entries.
    Hessian: diagonal.

    Errors: DataError for a target below 0.

    Source: McCullagh and Nelder, *Generalized Linear Models* (2nd ed., 1989), section 6.2.
    """

    domain: ClassVar[dict[str, tuple[float, float]]] = {"a": (-80.0, 80.0), "y": (0.0, np.inf)}

    def check_target(self, y: Array) -> None:
        """Refuse what is no count."""
        check_between(y, 0, math.inf, "count")

    def point_prediction(self, a: Array) -> Array:
        """Return the rates, e^a."""
        with np.errstate(over="ignore"):
            return np.exp(a)

    def forward(self, a: Array, y: Array, weight: Array, saved: dict[str, Array]) -> Array:
        """Return C, one number per example."""
        with np.errstate(over="ignore"):
            saved["rate"] = rate = np.exp(a)
        return total(rate - y * a, weight)

    def jacobian(self, y: Array, weight: Array, saved: dict[str, Array]) -> Array:
        """Return w (e^a − y)."""
        return spread(saved["rate"] - y, weight)

    def hessian(self, weight: Array, saved: dict[str, Array]) -> Diagonal:
        """Return w diag(e^a)."""
        return Diagonal(spread(saved["rate"], weight))
