"""Sums over all paths of a graph without walking along one of them: by going over its edges once.

Multiply along a path, add over all paths; where every factor is 1 the sum is the number of paths.
"""

from __future__ import annotations

from collections.abc import Iterable

from bpframe.explanation.paths.scalar_graph import ScalarGraph

__all__ = ["derivatives_of", "lengths_to", "paths_from", "paths_to"]


def derivatives_of(graph: ScalarGraph, of: int) -> list[float]:
    """Return ∂(entry `of`)/∂v for every entry v: the error δ_v, by BP2 entry by entry."""
    found = [0.0] * graph.size
    found[of] = 1.0
    for source, target, number in reversed(graph.edges):
        found[source] += number * found[target]
    return found


def paths_to(graph: ScalarGraph, of: int) -> list[int]:
    """Return the number of paths from every entry to `of`: exact, however many there are."""
    found = [0] * graph.size
    found[of] = 1
    for source, target, _ in reversed(graph.edges):
        found[source] += found[target]
    return found


def lengths_to(graph: ScalarGraph, of: int) -> list[int]:
    """Return how many edges all paths from an entry to `of` have together, for every entry."""
    counts, found = [0] * graph.size, [0] * graph.size
    counts[of] = 1
    for source, target, _ in reversed(graph.edges):
        counts[source] += counts[target]
        found[source] += found[target] + counts[target]
    return found


def paths_from(graph: ScalarGraph, begins: Iterable[int]) -> list[int]:
    """Return the number of paths to every entry from any of those where they begin."""
    found = [0] * graph.size
    for entry in begins:
        found[entry] = 1
    for source, target, _ in graph.edges:
        found[target] += found[source]
    return found
