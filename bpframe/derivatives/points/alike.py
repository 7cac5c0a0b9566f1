"""Examples that lie in memory as others that were checked before: of these the numbers alone are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.core.graph.graph import Graph
from bpframe.derivatives.points.given_arrays import all_finite
from bpframe.derivatives.points.given_weights import counts_of_targets
from bpframe.derivatives.points.meaning import check_meaning
from bpframe.validation.plain_arrays import Array

__all__ = ["Alike"]

#: So many layouts are remembered; then it begins anew.
LAYOUTS = 256

Samples = tuple[dict[str, Array], dict[str, Array]]


class Alike:
    """The layouts, shapes and strides, in which examples of one network were found to be right.

    It knows networks of one input and one target, of numbers or integers, that come without weights: the common case,
    in which a look at class, dtype and layout takes a microsecond. With each layout goes what stands beside the targets
    where nothing weighs, and the graph at these shapes.
    """

    def __init__(self, graph: Graph, dtype: np.dtype[Any]) -> None:
        self._names = (*graph.inputs, *graph.cost) if len(graph.inputs) == len(graph.cost) == 1 else None
        self._seen: dict[tuple[Any, ...], tuple[Graph, dict[str, Array]]] = {}
        if self._names is None:
            return
        name, target = self._names
        #: Integers lie in these, low <= n < high; None of floating-point numbers.
        self._domains = graph.integer_domains.get(name), graph.integer_targets.get(target)
        self._dtypes = tuple(np.dtype(np.int64) if each else np.dtype(dtype) for each in self._domains)
        cost = graph.cost[target]
        self._means = hasattr(cost, "check_target")
        self._counts = hasattr(cost, "target_weight")

    def samples(self, x: Any, y: Any) -> Samples | None:
        """Return examples by name that need no other check, or None.

        Errors: DataError (targets that mean nothing to the cost).
        """
        if type(x) is not np.ndarray or type(y) is not np.ndarray:
            return None
        found = self._seen.get((x.shape, x.strides, x.flags.aligned, y.shape, y.strides, y.flags.aligned))
        if found is None or (x.dtype, y.dtype) != self._dtypes:
            return None
        if not (_right(x, self._domains[0]) and _right(y, self._domains[1])):
            return None
        (graph, besides), (name, target) = found, self._names  # type: ignore[misc]
        if self._means:
            check_meaning(graph, target, y)
        if self._counts and _counts(graph, target, y):
            return None
        return {name: x}, {target: y, **besides}

    def remember(self, x: Any, y: Any, checked: Samples, graph: Graph) -> None:
        """Remember a layout in which arrays are taken as they are; `graph` is the one at their shapes."""
        if self._names is None:
            return
        inputs, (name, target) = checked[0], self._names
        besides = {**checked[1]}
        if inputs[name] is not x or besides.pop(target) is not y or (self._counts and _counts(graph, target, y)):
            return
        if len(self._seen) >= LAYOUTS:
            self._seen.clear()
        key = x.shape, x.strides, x.flags.aligned, y.shape, y.strides, y.flags.aligned
        self._seen[key] = graph, besides


def _right(array: Array, domain: tuple[float, float] | None) -> bool:
    """Whether numbers are finite, or integers lie in their domain."""
    if domain is None:
        return all_finite(array)
    low, high = domain
    return not array.size or bool(
        low <= np.minimum.reduce(array, axis=None) and np.maximum.reduce(array, axis=None) < high
    )


def _counts(graph: Graph, target: str, y: Array) -> bool:
    """Whether a cost says that these targets do not all count alike."""
    shape = graph.weight_shapes.get(target, ())
    return counts_of_targets(graph.cost[target], y, shape, np.float64) is not None
