"""Costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from bpframe_activations import LogSoftmax
from bpframe_classification import CrossEntropy

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.registry import Array, numbers, rule
from onnx_nodes.running import channels_first, channels_last, cost_of, output_of


@rule("SoftmaxCrossEntropyLoss")
def cross_entropy(case: Case) -> Any:
    """Every place is an example of its own, so that no reduction is left to the cost."""
    (a,), y, weights = numbers(case, 0), case.input(1), case.input(2)
    scores = channels_last(a)
    rows, classes = scores.reshape(-1, a.shape[1]), y.reshape(-1)
    cost = CrossEntropy(
        class_weight=None if weights is None else tuple(weights.tolist()), ignore=case.attribute("ignore_index")
    )
    counts = np.ones(classes.shape, a.dtype)
    if (of_targets := cost.target_weight(classes)) is not None:
        counts = np.asarray(of_targets, a.dtype)
    costs = cost_of(cost, rows, classes, counts)
    reduction = case.attribute("reduction", "mean")
    value = {"none": costs.reshape(y.shape), "sum": costs.sum(), "mean": costs.sum() / counts.sum()}[reduction]
    if len(case.outputs) == 1:
        return np.asarray(value)
    logarithms: Array = channels_first(output_of(LogSoftmax(), [scores]))
    return [np.asarray(value), logarithms]


@rule("NegativeLogLikelihoodLoss")
def of_logarithms(case: Case) -> Array:
    raise NotExpressed("of logarithms: cross_entropy takes scores, probability_cross_entropy probabilities")
