"""Paths one by one: all of them, or where there are too many, those that matter most."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from bpframe.explanation.paths.scalar_graph import Edge, ScalarGraph

__all__ = ["all_paths", "between", "largest_paths"]

#: A path as its first edge and the rest of it, which other paths share; None has no edge.
_Path: TypeAlias = "tuple[Edge, _Path] | None"

#: The size of a path's product, and the path.
_Begun: TypeAlias = tuple[float, _Path]


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
    best: dict[int, list[_Begun]] = {counts_end(counts): [(1.0, None)]}
    for entry, leaving in sorted(_leaving(between(graph, begin, counts)).items(), reverse=True):
        ranked = heapq.merge(*(_going_on(place, edge, best[edge[1]]) for place, edge in enumerate(leaving)))
        best[entry] = [(-size, (edge, rest)) for size, _, _, edge, rest in itertools.islice(ranked, most)]
    return [tuple(_edges(path)) for _, path in best.get(begin, [])]


def _going_on(place: int, edge: Edge, begun: list[_Begun]) -> Iterator[tuple[float, int, int, Edge, _Path]]:
    """Yield the paths that begin with an edge, the largest first: of equal ones, in the order of their edges."""
    size = abs(edge[2])
    return ((-size * other, place, rank, edge, rest) for rank, (other, rest) in enumerate(begun))


def _edges(path: _Path) -> Iterator[Edge]:
    while path is not None:
        edge, path = path
        yield edge


def counts_end(counts: Sequence[int]) -> int:
    """Return the entry that the paths lead to: the last from which there is one, the empty path from itself."""
    return max(entry for entry, count in enumerate(counts) if count)


def _leaving(edges: Sequence[Edge]) -> dict[int, list[Edge]]:
    found: dict[int, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge[0], []).append(edge)
    return found
