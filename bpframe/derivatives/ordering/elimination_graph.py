"""A graph whose vertices are eliminated and put back, with the cost of each kept up to date."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["EliminationGraph"]


#: Look-ahead: how many of the least vertices are tried, and how many eliminations further each is followed.
WIDTH, DEPTH = 4, 8


class _Undo(NamedTuple):
    vertex: Hashable
    sources: dict[Hashable, None]
    targets: dict[Hashable, None]
    filled: list[tuple[Hashable, Hashable]]


class EliminationGraph:
    """Vertices that are left, with the edges between them.

    `inner` are the vertices to eliminate. An inner vertex that is an input or output too keeps a copy of itself: its
    elimination hands its edges over to the copy, without a multiplication. With i and o the sizes of a vertex's sources
    and targets, added up without copies, its cost is size · i · o and its Markowitz degree i · o.
    """

    def __init__(
        self,
        sources: Mapping[Hashable, Iterable[Hashable]],
        sizes: Mapping[Hashable, int],
        inputs: frozenset[Hashable] | None,
        outputs: frozenset[Hashable] | None,
    ) -> None:
        # Dictionaries without values: sets in a fixed order, so that plans are the same in every process.
        self._sources: dict[Hashable, dict[Hashable, None]] = {v: dict.fromkeys(sources[v]) for v in sources}
        self._targets: dict[Hashable, dict[Hashable, None]] = {v: {} for v in sources}
        for target in sources:
            for source in self._sources[target]:
                self._targets[source][target] = None
        if inputs is None:
            inputs = frozenset(v for v in sources if not self._sources[v])
        if outputs is None:
            outputs = frozenset(v for v in sources if not self._targets[v])
        self._sizes = dict(sizes)
        self._least = min(sizes.values())
        kept = {v for v in inputs if not self._sources[v]} | {v for v in outputs if not self._targets[v]}
        self.inner = {v for v in sources if v not in kept}
        self._place = {v: place for place, v in enumerate(sources)}
        # What goes in and out of a vertex, in entries; what a copy brings is free and not counted.
        self._into = {v: sum(sizes[u] for u in self._sources[v]) for v in sources}
        self._out = {v: sum(sizes[w] for w in self._targets[v]) for v in sources}
        for vertex in sorted(self.inner, key=self._place.__getitem__):
            if vertex in inputs:
                self._copy(vertex, self._sources, self._targets)
            if vertex in outputs:
                self._copy(vertex, self._targets, self._sources)

    def _copy(
        self, vertex: Hashable, beside: dict[Hashable, dict[Hashable, None]], back: dict[Hashable, dict[Hashable, None]]
    ) -> None:
        copy = object()  # equal to no vertex, whatever vertices are
        self._sizes[copy] = self._sizes[vertex]
        self._into[copy] = self._out[copy] = 0
        beside[copy], back[copy] = {}, {vertex: None}
        beside[vertex][copy] = None

    def cost(self, vertex: Hashable) -> int:
        """Return the multiplications that the elimination of this vertex takes now."""
        return self._sizes[vertex] * self._into[vertex] * self._out[vertex]

    def eliminate(self, vertex: Hashable) -> _Undo:
        """Join the sources of a vertex with its targets, and take it out; the result puts it back."""
        sources, targets = self._sources.pop(vertex), self._targets.pop(vertex)
        self.inner.remove(vertex)
        size = self._sizes[vertex]
        filled = []
        for source in sources:
            del self._targets[source][vertex]
            self._out[source] -= size
        for target in targets:
            del self._sources[target][vertex]
            self._into[target] -= size
        for source in sources:
            reached = self._targets[source]
            for target in targets:
                if target not in reached:
                    reached[target] = self._sources[target][source] = None
                    self._out[source] += self._sizes[target]
                    self._into[target] += self._sizes[source]
                    filled.append((source, target))
        return _Undo(vertex, sources, targets, filled)

    def restore(self, undo: _Undo) -> None:
        """Put back the vertex that was eliminated last."""
        vertex, sources, targets, filled = undo
        for source, target in filled:
            del self._targets[source][target], self._sources[target][source]
            self._out[source] -= self._sizes[target]
            self._into[target] -= self._sizes[source]
        size = self._sizes[vertex]
        self._sources[vertex], self._targets[vertex] = sources, targets
        for source in sources:
            self._targets[source][vertex] = None
            self._out[source] += size
        for target in targets:
            self._sources[target][vertex] = None
            self._into[target] += size
        self.inner.add(vertex)

    def costs(self, order: Sequence[Hashable]) -> list[int]:
        """Return the multiplications of each elimination in this order; the graph stays as it is."""
        found, done = [], []
        for vertex in order:
            found.append(self.cost(vertex))
            done.append(self.eliminate(vertex))
        for undo in reversed(done):
            self.restore(undo)
        return found

    def look_ahead_order(self, exact: int) -> list[Hashable]:
        """Return the order that takes, of the least few, the one that costs least with those after it.

        The `exact` last vertices, which are the dear ones, get the best order.
        """
        order: list[Hashable] = []
        done = []
        while len(self.inner) > exact:
            cheapest = sorted(self.inner, key=self._rank)[:WIDTH]
            vertex = min(cheapest, key=self._followed)
            order.append(vertex)
            done.append(self.eliminate(vertex))
        order += self.best_order()
        for undo in reversed(done):
            self.restore(undo)
        return order

    def best_order(self) -> list[Hashable]:
        """Return the cheapest of all orders.

        What is left after a set of vertices was eliminated depends on the set, not on the order, so that 2^n sets are
        to be looked at and not n! orders.
        """
        found: dict[frozenset[Hashable], tuple[int, list[Hashable]]] = {frozenset(): (0, [])}

        def best(left: frozenset[Hashable]) -> tuple[int, list[Hashable]]:
            if left not in found:
                ways = []
                for vertex in [each for each in order if each in left]:
                    cost = self.cost(vertex)
                    undo = self.eliminate(vertex) if left - {vertex} not in found else None
                    rest, after = best(left - {vertex})
                    if undo is not None:
                        self.restore(undo)
                    ways.append((cost + rest, [vertex, *after]))
                found[left] = min(ways, key=lambda way: way[0])
            return found[left]

        order = sorted(self.inner, key=self._place.__getitem__)
        return best(frozenset(order))[1]

    def _rank(self, vertex: Hashable) -> tuple[int, int]:
        """Markowitz's degree i · o, weighed by the sizes, and the place in the graph where these are equal.

        Let m be the least size of all. Chin takes b out of a chain of matrices where that costs less, followed by a way
        through m, than ways through m around it: b a c + a c m < a b m + b c m. With the entries in and out as a and c
        and s = b, the quotient of the two sides is i o (s + m) / (s m (i + o)). Taking the least cost instead would
        leave large vertices to the end, where they are dear.
        """
        into, out, size = self._into[vertex], self._out[vertex], self._sizes[vertex]
        if not into or not out:
            return 0, self._place[vertex]
        # A quotient in integers of any magnitude; the factor m is common to all vertices.
        return (into * out * (size + self._least << 16)) // (size * (into + out)), self._place[vertex]

    def greedy_order(self, steps: int) -> tuple[int, list[Hashable]]:
        """Return the order that always takes the vertex of the least weighed degree, so far, and what it costs."""
        total = 0
        done = []
        for _ in range(min(steps, len(self.inner))):
            vertex = min(self.inner, key=self._rank)
            total += self.cost(vertex)
            done.append(self.eliminate(vertex))
        for undo in reversed(done):
            self.restore(undo)
        return total, [undo.vertex for undo in done]

    def _followed(self, vertex: Hashable) -> int:
        cost = self.cost(vertex)
        undo = self.eliminate(vertex)
        ahead, _ = self.greedy_order(DEPTH)
        self.restore(undo)
        return cost + ahead
