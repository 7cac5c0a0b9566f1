"""The regression cost whose minimum is a quantile."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from bpframe.extend import Array, Cost, DataError, Diagonal, Field, ShapeMismatch, batched
from bpframe_classification.positions import spread, total

__all__ = ["QuantileCost"]

_Share = Annotated[float, Field(gt=0, lt=1)]


class QuantileCost(Cost):
    """A distance that weighs outputs below the target by q, and those above by 1 − q: the pinball loss.

        C = Σ_i w_i s_i (a_i − y_i),    s = 1 − q where a > y, −q where a < y,    ∇_a C = w s,    ∂²C/∂a² = 0

    At a = y the slope is 0. The best constant is the quantile: a share q of the targets lies below it. With several
    quantiles, `q: [0.05, 0.5, 0.95]`, the last axis of the output holds one for each, of a target without that axis: a
    prediction with an interval. They may cross. With no curvature, methods of second order learn nothing from it but
    the gradient.

    Shapes: of one q, a, y, weight (N, *features); of K, a (N, *features, K), y and weight (N, *features) -> C (N,): the
    sum over an example's own entries; the mean is over all entries of the target. Hessian: zero.

    Errors: ShapeMismatch for an output that has not one entry for each of several quantiles.

    Source: Koenker and Bassett, *Regression Quantiles* (1978), eq. (2.1).
    """

    q: _Share | Annotated[tuple[_Share, ...], Field(min_length=1)] = Field(
        description="The share of targets that lies below the output, or several such shares."
    )

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Leave the axis of several quantiles out."""
        if not isinstance(self.q, tuple):
            return shape
        if not shape or shape[-1] != len(self.q):
            raise ShapeMismatch(
                "quantile needs one output for each quantile",
                expected=f"(N, *features, {len(self.q)})",
                received=batched(shape),
            )
        return shape[:-1]

    def point_prediction(self, a: Array) -> Array:
        """Return the only quantile, or the median of several. Errors: DataError where none is the median."""
        if not isinstance(self.q, tuple):
            return a
        if 0.5 not in self.q:
            raise DataError(
                "several quantiles without the median predict no number",
                expected="0.5 among q",
                received=", ".join(map(str, self.q)),
            )
        return a[..., self.q.index(0.5)]

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        """Return C, one number per example."""
        r = self._difference(a, y)
        return total(self._slopes(r) * r, weight)

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        """Return w s."""
        return spread(self._slopes(self._difference(a, y)), weight)

    def hessian(self, a: Array) -> Diagonal:
        """Return zeros."""
        return Diagonal(np.zeros_like(a))

    def _difference(self, a: Array, y: Array) -> Array:
        difference: Array = a - y.reshape(*y.shape, *(1,) * (a.ndim - y.ndim))
        return difference

    def _slopes(self, r: Array) -> Array:
        """Return s; of NaN, NaN."""
        q = np.asarray(self.q, dtype=r.real.dtype)
        slopes: Array = np.where(r > 0, 1 - q, q) * np.sign(r)
        return slopes
