"""Metrics: what is measured beside the cost."""

from __future__ import annotations

from typing import ClassVar

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Metric"]

_METRIC = Category(
    "metric",
    {
        "measure": Method(
            {"prediction", "target", "sample_weight", "weight", "mask", "outputs", "threshold", "point"}, required=True
        )
    },
    suffix="Metric",
    example="Accuracy()",
    written="{kind: accuracy}",
)


class Metric(Component, category=_METRIC):
    """A number, or a few of them, that says how good predictions are: measured, never differentiated.

    `measure(self, prediction, target)` returns it for all examples at once: arrays (N, *features) of the network's
    output and of its targets, as `fit` was given them. It may ask for `sample_weight`, (N,) with a mean of 1, or
    None where examples have no weights; a metric that does not ask counts all alike. One of sequences asks for
    `weight`, or for `mask`, `weight != 0`: (N, *positions) as the network's cost is handed them, (N,) where the
    cost does not ask, and ones where there are no weights. Class weights of a cost do not count here; a target that
    it ignores, or whose class weighs 0, has the weight 0. Targets that mean nothing to the metric are a `DataError`
    or `ShapeMismatch` of its own.

    It may ask what the network says of its outputs: `outputs`, "logits" of a cost that turns scores into probabilities
    itself, or "logits, each of a yes or no", "probabilities" of a cost or a last layer that declares some, else
    "unknown"; and `threshold`, above which one output says yes, None where nobody says. By hand, without a network,
    both are left out: they need defaults. So does `point`, (N, *target): what the outputs predict of the target as the
    cost says by `point_prediction`, such as the mean of which they hold the variance too, else None: the outputs do.

    What has several numbers, such as one for each class or a confusion matrix, is an array of one or two axes, whose
    shape does not depend on the number of examples. A history keeps it as lists.
    """

    #: Whether a larger number is better, for what watches it to know; None where it is no question of better, or nobody
    #: says: what watches it then has to.
    larger_is_better: ClassVar[bool | None] = None
