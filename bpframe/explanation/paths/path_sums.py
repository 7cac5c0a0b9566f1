"""Sums over all paths of a graph without walking along one of them: by going over its edges once.

Multiply along a path, add over all paths; where every factor is 1 the sum is the number of paths. A graph keeps what
was added up, so that many weights ask for the price of one; nobody writes into it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from bpframe.explanation.paths.scalar_graph import ScalarGraph

__all__ = ["derivatives_of", "lengths_to", "once", "paths_from_weights", "paths_to"]

Found = TypeVar("Found")
Asked = ParamSpec("Asked")


def once(
    compute: Callable[Concatenate[ScalarGraph, Asked], Found],
) -> Callable[Concatenate[ScalarGraph, Asked], Found]:
    """Have a graph keep what a function found out of it."""

    @wraps(compute)
    def kept(graph: ScalarGraph, /, *given: Asked.args, **named: Asked.kwargs) -> Found:
        key = compute.__name__, given, tuple(named.items())
        if key not in graph.found:
            graph.found[key] = compute(graph, *given, **named)
        return graph.found[key]  # type: ignore[no-any-return]

    return kept


@once
def derivatives_of(graph: ScalarGraph, of: int) -> list[float]:
    """Return ∂(entry `of`)/∂v for every entry v: the error δ_v, by BP2 entry by entry."""
    found = [0.0] * graph.size
    found[of] = 1.0
    for source, target, number in reversed(graph.edges):
        found[source] += number * found[target]
    return found


@once
def paths_to(graph: ScalarGraph, of: int) -> list[int]:
    """Return the number of paths from every entry to `of`: exact, however many there are."""
    found = [0] * graph.size
    found[of] = 1
    for source, target, _ in reversed(graph.edges):
        so_far = found[source]
        found[source] = so_far + found[target] if so_far else found[target]  # thousands of digits are not copied
    return found


@once
def lengths_to(graph: ScalarGraph, of: int) -> list[int]:
    """Return how many edges all paths from an entry to `of` have together, for every entry."""
    counts, found = paths_to(graph, of), [0] * graph.size
    for source, target, _ in reversed(graph.edges):
        found[source] += found[target] + counts[target]
    return found


@once
def paths_from_weights(graph: ScalarGraph) -> list[int]:
    """Return the number of paths to every entry from any weight."""
    found = [0] * graph.size
    found[: len(graph.weights)] = [1] * len(graph.weights)
    for source, target, _ in graph.edges:
        found[target] += found[source]
    return found
