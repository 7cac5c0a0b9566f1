"""Metrics: what is measured beside the cost."""

from __future__ import annotations

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Metric"]

_METRIC = Category(
    "metric",
    {"measure": Method({"prediction", "target", "sample_weight", "weight", "mask"}, required=True)},
    suffix="Metric",
    example="Accuracy()",
    written="{kind: accuracy}",
)


class Metric(Component, category=_METRIC):
    """A number that says how good predictions are: measured, never differentiated.

    `measure(self, prediction, target)` returns it for all examples at once: arrays (N, *features) of the network's
    output and of its targets, as `fit` was given them. It may ask for `sample_weight`, (N,) with a mean of 1, or None
    where examples have no weights; a metric that does not ask counts all alike. One of sequences asks for `weight`, or
    for `mask`, `weight != 0`: (N, *positions) as the network's cost is handed them, (N,) where the cost does not ask,
    and ones where there are no weights. Targets that mean nothing to the metric are a `DataError` or `ShapeMismatch` of
    its own.
    """
