"""Which targets count, and how much: the same for a cost, a history, `evaluate`, `Network.accuracy` and every metric.

A target that a cost ignores, or whose class it weighs with 0, does not count. What else it says that a class counts is
for the cost alone: a precision is not one of more examples than there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.core.backprop.weights import counting, factor_key, mask_key, weight_key
from bpframe.core.graph.graph import Graph
from bpframe.derivatives.points.given_arrays import EVERY_NUMBER, checked_array
from bpframe.derivatives.points.given_weights import checked_weight, counts_of_targets
from bpframe.derivatives.points.meaning import check_meaning
from bpframe.errors import DataError
from bpframe.training.metrics import right_classes
from bpframe.validation.plain_arrays import Array, plain_array

__all__ = ["counted_classes", "counted_positions"]


def counted_positions(graph: Graph, output: str, targets: Mapping[str, Array]) -> Array:
    """Return how much every position counts, (N, *positions): as the cost is handed it, else by example, else ones.

    `targets` are checked, with what weights put beside them; see `checked_weights`.
    """
    batch, shape = len(targets[output]), graph.weight_shapes.get(output, ())
    given = targets.get(weight_key(output), targets.get(mask_key(output)))
    if given is None:
        found = np.ones((batch, *shape)) if shape else counting(output, targets, batch)
    else:
        found = np.asarray(given, np.float64)
    counts = counts_of_targets(graph.cost[output], targets[output], shape, np.float64)
    if counts is None:
        return found
    if given is None and factor_key(output) not in targets:
        return np.where(counts != 0, found, 0)
    alone: Array = np.divide(found, counts, out=np.zeros_like(found), where=counts != 0)
    return alone


def counted_classes(graph: Graph, output: str, prediction: Array, target: Any, sample_weight: Any) -> Array | None:
    """Return how much every target of an accuracy counts, (N, *positions), or None where all count alike.

    `target` is what `bpframe.accuracy` takes: class numbers or rows, whichever the cost takes.

    Errors: DataError (no target counts); those of weights and of targets that mean nothing to the cost.
    """
    batch, *places = prediction.shape[:-1]
    counts = _counts(graph, output, prediction, plain_array(target, "target"))
    if sample_weight is not None:
        weight = plain_array(sample_weight, "sample_weight")
        if weight.shape == prediction.shape and weight.shape[-1] == 1:
            weight = weight[..., 0]
        weight = checked_weight(weight, batch, "sample_weight", tuple(places))
        if counts is None:
            return weight
        counts = counts * weight.reshape(*weight.shape, *(1,) * (counts.ndim - weight.ndim))
    if counts is not None and not counts.any():
        raise DataError(
            f"no target counts: the cost '{graph.cost[output].kind}' ignores those whose weight is above 0",
            expected="an example whose class is not ignored, and has a weight above 0",
            received=f"{batch} examples",
        )
    return counts


def _counts(graph: Graph, output: str, prediction: Array, target: Array) -> Array | None:
    """Return 1 where a target counts, 0 where the cost ignores it; None where the cost says nothing."""
    cost = graph.cost.get(output)
    if cost is None or not hasattr(cost, "target_weight"):
        return None
    places, classes, shape = prediction.shape[:-1], prediction.shape[-1], graph.target_shapes[output]
    if target.shape == prediction.shape and shape == prediction.shape[1:-1]:
        target = right_classes(prediction.reshape(-1, classes), target.reshape(-1, classes)).reshape(places)
    elif target.shape == (*places, 1) and target.shape[1:] != shape:
        target = target[..., 0]
    if target.shape == places and shape == prediction.shape[1:]:
        target = np.equal(target[..., None], np.arange(classes)).astype(prediction.dtype)
    domain = graph.integer_targets.get(output)
    dtype = prediction.dtype if domain is None else np.int64
    target = checked_array(target, shape, f"target of '{output}'", dtype, domain or EVERY_NUMBER)
    check_meaning(graph, output, target)
    found = counts_of_targets(cost, target, graph.weight_shapes.get(output, ()), np.float64)
    return None if found is None else (found != 0).astype(np.float64)
