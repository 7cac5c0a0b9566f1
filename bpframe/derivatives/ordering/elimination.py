"""The order in which the vertices of a graph are eliminated to get its Jacobian, planned from sizes alone.

In a linearised computational graph the edge from u to w carries the local Jacobian c_wu. To eliminate v is to multiply
along the paths through it, and to add to the edges that are there already:

    c_wu ← c_wu + c_wv c_vu      for every edge u → v and every edge v → w

When only inputs and outputs are left, the edges are the Jacobian. Forward mode eliminates in the order of evaluation,
reverse mode (BP2) against it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError as Circle
from graphlib import TopologicalSorter

from bpframe.derivatives.ordering.elimination_graph import EliminationGraph
from bpframe.derivatives.points.given_integers import checked_integer
from bpframe.errors import CycleError, DerivativeError

__all__ = ["EliminationPlan", "Vertex", "plan_elimination"]

Vertex = Hashable

#: Up to so many vertices the best order is found by trying every set of eliminated vertices: 2^12 of them.
_EXACT = 12


@dataclass(frozen=True, slots=True)
class EliminationPlan:
    """An order of elimination and the multiplications that it takes.

    `order` lists the vertices to eliminate, `costs` the multiplications of each, `cost` their sum. `exact` says that no
    order costs less. `forward` and `reverse` are the costs of the order of evaluation and of its opposite.
    """

    order: tuple[Vertex, ...]
    costs: tuple[int, ...]
    cost: int
    exact: bool
    forward: int
    reverse: int

    def __str__(self) -> str:
        """Lay out the costs, and one line for each vertex."""
        found = "the least of all orders" if self.exact else "Markowitz with look-ahead"
        names = [str(vertex) for vertex in self.order]
        width, digits = max(map(len, names), default=0), max((len(str(cost)) for cost in self.costs), default=0)
        rows = [f"  {name:<{width}}  {cost:>{digits}}" for name, cost in zip(names, self.costs, strict=True)]
        costs = f"forward {self.forward}, reverse {self.reverse}"
        return "\n".join([f"{self.cost} multiplications, {found} ({costs})", *rows])


def plan_elimination(
    graph: Mapping[Vertex, Iterable[Vertex]],
    sizes: Mapping[Vertex, int] | None = None,
    *,
    inputs: Iterable[Vertex] | None = None,
    outputs: Iterable[Vertex] | None = None,
) -> EliminationPlan:
    """Plan the elimination of every vertex that is neither input nor output.

        cost of v = Σ_u Σ_w size_w size_v size_u      over the edges u → v → w that are left

    `graph` maps a vertex to the vertices that it is computed from, as `graphlib.TopologicalSorter` takes it; a source
    that is named twice is one edge, two local Jacobians that are added. `sizes` are the vertices' numbers of entries,
    1 by default. `inputs` are by default the vertices that are computed from nothing, `outputs` those that nothing is
    computed from; each may lie in the midst of the graph, and what leads from no input or to no output costs nothing.

    The order is the best of all up to 12 vertices. Beyond, it is the best of the order of evaluation, its opposite,
    Markowitz's with his degrees weighed by the sizes, and Markowitz's with look-ahead over the next eliminations, the
    last 12 of which are the best again.

    Errors: DerivativeError where the graph has no edge, a size is missing or no positive integer, or an input or output
    is no vertex; CycleError where the graph has a circle.

    Source: Griewank and Walther, Evaluating Derivatives (2nd ed., 2008), chapter 9; for the greedy order, Griewank and
    Reese, On the Calculation of Jacobian Matrices by the Markowitz Rule (1991); for the weights, Chin, An O(n)
    Algorithm for Determining a Near-Optimal Computation Order of Matrix Chain Products (1978).
    """
    sources = _checked(graph)
    order = list(sources)
    left = EliminationGraph(
        sources,
        _sizes(order, sizes),
        None if inputs is None else _known(inputs, order, "input"),
        None if outputs is None else _known(outputs, order, "output"),
    )
    vertices = [vertex for vertex in order if vertex in left.inner]
    forward, reverse = left.costs(vertices), left.costs(vertices[::-1])
    exact = len(vertices) <= _EXACT
    if exact:
        best = left.best_order()
        costs = left.costs(best)
    else:
        greedy = left.greedy_order(len(vertices))[1]
        ways = (vertices, vertices[::-1], greedy, left.look_ahead_order(_EXACT))
        best, costs = min(((way, left.costs(way)) for way in ways), key=lambda each: sum(each[1]))
    return EliminationPlan(tuple(best), tuple(costs), sum(costs), exact, sum(forward), sum(reverse))


def _checked(graph: Mapping[Vertex, Iterable[Vertex]]) -> dict[Vertex, list[Vertex]]:
    """Return what every vertex is computed from, in an order of evaluation."""
    if not isinstance(graph, Mapping):
        raise DerivativeError(
            "an elimination is planned from a graph",
            expected="{vertex: [the vertices that it is computed from], ...}",
            received=repr(graph),
        )
    sources: dict[Vertex, list[Vertex]] = {}
    for vertex, named in graph.items():
        if isinstance(named, str) or not isinstance(named, Iterable):
            raise DerivativeError(
                f"vertex {vertex!r} does not list what it is computed from",
                expected="a list of vertices",
                received=repr(named),
            )
        sources[vertex] = list(named)
        for source in sources[vertex]:
            if not isinstance(source, Hashable):
                raise DerivativeError(
                    f"vertex {vertex!r} is computed from something that is no vertex",
                    expected="a name, or another value that can be a key of a dictionary",
                    received=repr(source),
                )
    if not any(sources.values()):
        raise DerivativeError(
            "a graph without edges has no Jacobian", expected="{vertex: [sources], ...}", received=repr(graph)
        )
    try:
        order = list(TopologicalSorter(sources).static_order())
    except Circle as error:
        circle = " → ".join(repr(vertex) for vertex in error.args[1])
        raise CycleError("vertices that are computed from one another cannot be eliminated", received=circle) from None
    return {vertex: sources.get(vertex, []) for vertex in order}


def _sizes(order: list[Vertex], sizes: Mapping[Vertex, int] | None) -> dict[Vertex, int]:
    if sizes is None:
        return dict.fromkeys(order, 1)
    missing = [vertex for vertex in order if vertex not in sizes]
    if missing:
        raise DerivativeError(
            f"vertex {missing[0]!r} has no size", expected="the number of its entries in `sizes`", received="none"
        )
    return {vertex: checked_integer(sizes[vertex], f"the size of vertex {vertex!r}") for vertex in order}


def _known(named: Iterable[Vertex], order: list[Vertex], role: str) -> frozenset[Vertex]:
    found = list(named)
    strange = [vertex for vertex in found if vertex not in set(order)]
    if strange or not found:
        raise DerivativeError(
            f"{role} {strange[0]!r} is no vertex of the graph" if strange else f"an elimination needs an {role}",
            expected="one of " + ", ".join(repr(vertex) for vertex in order),
            received=repr(strange[0]) if strange else "none",
        )
    return frozenset(found)
