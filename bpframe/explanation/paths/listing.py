"""Paths one by one: all of them, or where there are too many, those that matter most."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from bpframe.explanation.paths.scalar_graph import Edge, ScalarGraph

__all__ = ["all_paths", "between", "largest_paths"]


def between(graph: ScalarGraph, begin: int, counts: Sequence[int]) -> list[Edge]:
    """Return the edges of all paths from an entry to the end that `counts` are to, in the order of their targets."""
    reached = [False] * graph.size
    reached[begin] = True
    found = []
    for edge in graph.edges:
        if reached[edge[0]] and counts[edge[1]]:
            reached[edge[1]] = True
            found.append(edge)
    return found


def all_paths(graph: ScalarGraph, begin: int, counts: Sequence[int]) -> Iterator[tuple[Edge, ...]]:
    """Yield every path from an entry to the end that `counts` are to, in the order of the entries on the way."""
    leaving, last = _leaving(between(graph, begin, counts)), counts_end(counts)
    stack: list[tuple[int, tuple[Edge, ...]]] = [(begin, ())]
    while stack:
        entry, path = stack.pop()
        if entry == last:
            yield path
        stack += [(edge[1], (*path, edge)) for edge in reversed(leaving.get(entry, []))]


def largest_paths(graph: ScalarGraph, begin: int, counts: Sequence[int], most: int) -> list[tuple[Edge, ...]]:
    """Return the paths whose products are largest in size, the largest first.

    The best paths from an entry begin with an edge and go on with one of the best paths from where it leads.
    """
    last = counts_end(counts)
    best: dict[int, list[tuple[float, tuple[Edge, ...]]]] = {last: [(1.0, ())]}
    for entry, leaving in sorted(_leaving(between(graph, begin, counts)).items(), reverse=True):
        candidates = (
            (abs(edge[2]) * size, place, rank, edge, rest)
            for place, edge in enumerate(leaving)
            for rank, (size, rest) in enumerate(best[edge[1]])
        )
        kept = heapq.nsmallest(most, candidates, key=lambda each: (-each[0], each[1], each[2]))
        best[entry] = [(size, (edge, *rest)) for size, _, _, edge, rest in kept]
    return [path for _, path in best.get(begin, [])]


def counts_end(counts: Sequence[int]) -> int:
    """Return the entry that the paths lead to: the last from which there is one, the empty path from itself."""
    return max(entry for entry, count in enumerate(counts) if count)


def _leaving(edges: Sequence[Edge]) -> dict[int, list[Edge]]:
    found: dict[int, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge[0], []).append(edge)
    return found
