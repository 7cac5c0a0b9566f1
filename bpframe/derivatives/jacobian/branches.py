"""A part of a network with branches, multiplied out by eliminating its inner values one by one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bpframe.derivatives.jacobian.edge import Edge
from bpframe.derivatives.jacobian.matrices import Matrices, accumulated, added, multiplied, pulled, pushed, written
from bpframe.derivatives.ordering import Factor
from bpframe.derivatives.ordering.elimination import plan_elimination
from bpframe.validation.plain_arrays import Array

__all__ = ["Elimination", "plan_branches"]

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Action:
    """One product, or one writing out, and the multiplications that it takes for the whole batch."""

    kind: Literal["known", "tangent", "adjoint", "push", "pull", "multiply", "drop"]
    earlier: Pair
    later: Pair | None
    cost: int


@dataclass(frozen=True, eq=False)
class Elimination:
    """What to do, one product after another, until only the edge from the first to the last value is left.

    c_wu ← c_wu + c_wv c_vu for every edge u → v → w. A local Jacobian stays an operator, through which the other is
    sent, as long as that is cheaper than to write it out.
    """

    first: str
    last: str
    order: tuple[str, ...]
    edges: dict[Pair, Edge]
    actions: tuple[_Action, ...]
    cost: int

    def carried_out(self, like: Array, batch: int) -> Matrices:
        """Multiply out: (B, outputs, inputs)."""
        held: dict[Pair, Matrices] = {}
        for action in self.actions:
            earlier, later = action.earlier, action.later
            if later is None:
                if action.kind == "drop":
                    del held[earlier]
                elif action.kind == "known":
                    held[earlier] = written(self.edges[earlier], like)
                else:
                    held[earlier] = accumulated(self.edges[earlier], like, batch, action.kind == "tangent")
                continue
            if action.kind == "push":
                product = pushed(held[earlier], self.edges[later], batch)
            elif action.kind == "pull":
                product = pulled(held[later], self.edges[earlier], batch)
            else:
                product = multiplied(held[later], held[earlier])
            pair = (earlier[0], later[1])
            held[pair] = added(held[pair], product) if pair in held else product
        return held[self.first, self.last]


def plan_branches(segment: tuple[Edge, ...], batch: int) -> Elimination:
    """Plan the elimination of the inner values of a part with branches.

    The order is the cheapest of `plan_elimination`'s, forward and reverse, judged with the operators' own costs.
    """
    edges = {(part.source, part.target): part for edge in segment for part in edge.parts}
    first, last = segment[0].source, segment[-1].target
    factors = tuple((pair, edge.factor(batch)) for pair, edge in edges.items())
    order, actions, cost = _planned(factors, first, last, batch)
    return Elimination(first, last, order, edges, actions, cost)


@lru_cache(maxsize=256)
def _planned(
    factors: tuple[tuple[Pair, Factor], ...], first: str, last: str, batch: int
) -> tuple[tuple[str, ...], tuple[_Action, ...], int]:
    """Return the cheapest order, what it does and its cost; sizes are the same from call to call."""
    graph: dict[Hashable, list[str]] = {}
    sizes: dict[Hashable, int] = {}
    for (source, target), each in factors:
        graph.setdefault(source, [])
        graph.setdefault(target, []).append(source)
        sizes[source], sizes[target] = each.inputs, each.outputs
    plan = plan_elimination(graph, sizes=sizes, inputs=[first], outputs=[last])
    inner = tuple(str(name) for name in graph if name not in (first, last))
    ways = []
    for order in (tuple(str(name) for name in plan.order), inner, inner[::-1]):
        actions = _actions(dict(factors), order, batch)
        ways.append((order, actions, sum(action.cost for action in actions)))
    return min(ways, key=lambda way: way[2])


class _State:
    """The edges that are left: operators, or matrices by their sizes."""

    def __init__(self, factors: dict[Pair, Factor], batch: int) -> None:
        self.factors = dict(factors)
        self.batch = batch
        self.sizes = {source: factor.inputs for (source, _), factor in factors.items()}
        self.sizes |= {target: factor.outputs for (_, target), factor in factors.items()}
        self.shared = {pair: factor.shared for pair, factor in factors.items()}
        self.dense: set[Pair] = set()
        self.actions: list[_Action] = []

    def times(self, *pairs: Pair) -> int:
        return 1 if all(self.shared[pair] for pair in pairs) else self.batch

    def writing(self, pair: Pair) -> _Action:
        """The cheapest way to write an operator out."""
        factor, times = self.factors[pair], self.times(pair)
        ways = [_Action("tangent", pair, None, factor.inputs * factor.edges * times)]
        ways.append(_Action("adjoint", pair, None, factor.outputs * factor.edges * times))
        if factor.known is not None:
            ways.insert(0, _Action("known", pair, None, factor.known))
        return min(ways, key=lambda way: way.cost)

    def write(self, pair: Pair) -> None:
        if pair not in self.dense:
            self.actions.append(self.writing(pair))
            self.dense.add(pair)

    def product(self, earlier: Pair, later: Pair) -> None:
        """Multiply two edges in the cheapest way, and add to the edge that is there."""
        rows, inner, columns = self.sizes[later[1]], self.sizes[later[0]], self.sizes[earlier[0]]
        times = self.times(earlier, later)
        to_write = {pair: 0 if pair in self.dense else self.writing(pair).cost for pair in (earlier, later)}
        ways: list[tuple[int, _Action]] = []
        if later not in self.dense:
            cost = columns * self.factors[later].edges * times
            ways.append((cost + to_write[earlier], _Action("push", earlier, later, cost)))
        if earlier not in self.dense:
            cost = rows * self.factors[earlier].edges * times
            ways.append((cost + to_write[later], _Action("pull", earlier, later, cost)))
        cost = rows * inner * columns * times
        ways.append((cost + sum(to_write.values()), _Action("multiply", earlier, later, cost)))
        action = min(ways, key=lambda way: way[0])[1]
        if action.kind != "pull":
            self.write(earlier)
        if action.kind != "push":
            self.write(later)
        pair = (earlier[0], later[1])
        if pair in self.shared:
            self.write(pair)
        self.actions.append(action)
        self.dense.add(pair)
        self.shared[pair] = self.shared.get(pair, True) and self.shared[earlier] and self.shared[later]

    def drop(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            if pair in self.dense:
                self.actions.append(_Action("drop", pair, None, 0))
            self.dense.discard(pair)
            del self.shared[pair]


def _actions(factors: dict[Pair, Factor], order: Iterable[str], batch: int) -> tuple[_Action, ...]:
    """Eliminate in this order, on paper."""
    state = _State(factors, batch)
    for vertex in order:
        into = [pair for pair in state.shared if pair[1] == vertex]
        out = [pair for pair in state.shared if pair[0] == vertex]
        for earlier in into:
            for later in out:
                state.product(earlier, later)
        state.drop([*into, *out])
    return tuple(state.actions)
