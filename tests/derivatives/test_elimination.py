"""Plans of elimination are the best of all orders where they say so, and cost what carrying them out costs."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bpframe.derivatives.ordering import Factor, plan_chain
from bpframe.derivatives.ordering.elimination import EliminationPlan, plan_elimination
from bpframe.errors import CycleError, DerivativeError

from .counting import Counted, counted, plain

Graph = dict[Any, list[Any]]

OLAH: Graph = {"c": ["a", "b"], "d": ["b"], "e": ["c", "d"]}


def random_graph(rng: random.Random, inner: int, sources: int = 2, sinks: int = 2) -> tuple[Graph, dict[Any, int]]:
    count = sources + inner + sinks
    graph = {}
    for vertex in range(sources, count):
        computed = range(min(vertex, sources + inner))
        graph[vertex] = rng.sample(computed, min(len(computed), rng.choice([1, 1, 2, 2, 3])))
    return graph, {vertex: rng.choice([1, 1, 2, 3, 7]) for vertex in range(count)}


def ends(graph: Graph) -> tuple[list[Any], list[Any]]:
    """The vertices computed from nothing and those that nothing is computed from."""
    vertices = dict.fromkeys([*itertools.chain.from_iterable(graph.values()), *graph])
    used = set(itertools.chain.from_iterable(graph.values()))
    return [v for v in vertices if not graph.get(v)], [v for v in vertices if v not in used]


def with_copies(graph: Graph, inputs: list[Any], outputs: list[Any]) -> tuple[Graph, set[tuple[Any, Any]]]:
    """The same graph with inner inputs and outputs as vertices of their own, and the identity edges to them."""
    sources, sinks = ends(graph)
    extended = {vertex: list(named) for vertex, named in graph.items()}
    free = set()
    for vertex in inputs:
        if vertex not in sources:
            extended[vertex].append(("in", vertex))
            free.add((("in", vertex), vertex))
    for vertex in outputs:
        if vertex not in sinks:
            extended["out", vertex] = [vertex]
            free.add((vertex, ("out", vertex)))
    return extended, free


def cost_of(order: Any, graph: Graph, sizes: dict[Any, int], free: set[tuple[Any, Any]] = frozenset()) -> int:  # type: ignore[assignment]
    """Count by the definition, on a plain set of edges."""
    edges = {(source, target) for target, named in graph.items() for source in named}

    def size(vertex: Any) -> int:
        return sizes[vertex[1]] if isinstance(vertex, tuple) else sizes[vertex]

    total = 0
    for vertex in order:
        into = {edge for edge in edges if edge[1] == vertex}
        out = {edge for edge in edges if edge[0] == vertex}
        for u, _ in into:
            for _, w in out:
                if not {(u, vertex), (vertex, w)} & free:
                    total += size(u) * size(vertex) * size(w)
        edges = (edges - into - out) | {(u, w) for u, _ in into for _, w in out}
    return total


def inner_vertices(graph: Graph) -> list[Any]:
    sources, sinks = ends(graph)
    return [vertex for vertex in graph if vertex not in sources and vertex not in sinks]


def test_small_graphs_get_the_best_of_all_orders() -> None:
    rng = random.Random(0)
    beaten = 0
    for case in range(250):
        graph, sizes = random_graph(rng, 1 + case % 6)
        plan = plan_elimination(graph, sizes)
        orders = list(itertools.permutations(inner_vertices(graph)))
        assert plan.exact
        assert plan.cost == min(cost_of(order, graph, sizes) for order in orders), (graph, sizes)
        assert plan.cost == cost_of(plan.order, graph, sizes) == sum(plan.costs)
        beaten += plan.cost < min(plan.forward, plan.reverse)
    assert beaten > 30


def test_inputs_and_outputs_in_the_midst_are_kept_by_copies_without_cost() -> None:
    rng = random.Random(1)
    for _ in range(120):
        graph, sizes = random_graph(rng, 4)
        vertices = list(dict.fromkeys([*itertools.chain(*graph.values()), *graph]))
        sources, sinks = ends(graph)
        inputs = rng.sample([v for v in vertices if v not in sinks], 2)
        outputs = rng.sample([v for v in vertices if v not in sources], 2)
        plan = plan_elimination(graph, sizes, inputs=inputs, outputs=outputs)
        extended, free = with_copies(graph, inputs, outputs)
        kept = {v for v in inputs if v in sources} | {v for v in outputs if v in sinks}
        eliminated = [v for v in dict.fromkeys([*itertools.chain(*graph.values()), *graph]) if v not in kept]
        assert sorted(plan.order) == sorted(eliminated)
        assert plan.cost == cost_of(plan.order, extended, sizes, free)
        if len(eliminated) <= 6:
            orders = itertools.permutations(eliminated)
            assert plan.cost == min(cost_of(order, extended, sizes, free) for order in orders)


def test_olahs_graph() -> None:
    # Two paths through c (from a and b) and one through d: one multiplication each, whatever the order.
    plan = plan_elimination(OLAH)
    assert (plan.cost, plan.forward, plan.reverse, plan.exact) == (3, 3, 3, True)


def test_an_hourglass_is_best_begun_at_its_waist() -> None:
    # x, y → a → b → c → p, q by hand. Forward: a 2·1, b 2·1, c 2·2. Reverse: c 1·2, b 1·2, a 2·2. From b: 1, 2, 4.
    plan = plan_elimination({"a": ["x", "y"], "b": ["a"], "c": ["b"], "p": ["c"], "q": ["c"]})
    assert (plan.cost, plan.forward, plan.reverse) == (7, 8, 8)
    assert plan.order[0] == "b"


def test_a_chain_is_the_matrix_chain_problem() -> None:
    # Cormen, Leiserson, Rivest and Stein, Introduction to Algorithms (3rd ed., 2009), section 15.2.
    sizes = dict(enumerate([30, 35, 15, 5, 10, 20, 25]))
    plan = plan_elimination({k: [k - 1] for k in range(1, 7)}, sizes)
    assert plan.cost == 15125
    assert plan.forward == 30 * (35 * 15 + 15 * 5 + 5 * 10 + 10 * 20 + 20 * 25)
    assert plan.reverse == 25 * (10 * 20 + 5 * 10 + 15 * 5 + 35 * 15 + 30 * 35)


def test_the_reversed_graph_costs_the_same_with_forward_and_reverse_exchanged() -> None:
    for seed in range(50):
        rng = random.Random(seed)
        sizes = {vertex: rng.randint(1, 9) for vertex in range(8)}
        # Every vertex feeds the next, so that there is one order of evaluation.
        graph = {v: sorted({v - 1, rng.randrange(v)}) for v in range(1, 8)}
        reverse: Graph = {}
        for target, named in graph.items():
            for source in named:
                reverse.setdefault(source, []).append(target)
        plan, turned = plan_elimination(graph, sizes), plan_elimination(reverse, sizes)
        assert (turned.cost, turned.forward, turned.reverse) == (plan.cost, plan.reverse, plan.forward)


def test_forward_and_reverse_are_the_special_orders_that_they_are_called_after() -> None:
    for seed in range(30):
        rng = random.Random(seed)
        graph = {v: sorted({v - 1, rng.randrange(v)}) for v in range(1, 12)}
        sizes = {vertex: rng.randint(1, 9) for vertex in range(12)}
        plan = plan_elimination(graph, sizes)
        assert plan.forward == cost_of(range(1, 11), graph, sizes)
        assert plan.reverse == cost_of(range(10, 0, -1), graph, sizes)


@pytest.mark.parametrize("seed", range(30))
def test_an_order_carried_out_multiplies_as_often_as_planned_and_gives_the_jacobian(seed: int) -> None:
    rng = random.Random(seed)
    graph, sizes = random_graph(rng, rng.choice([3, 6, 16]))
    draw = np.random.default_rng(seed)
    local = {(u, w): draw.integers(-2, 3, size=(sizes[w], sizes[u])) for w, named in graph.items() for u in named}
    plan = plan_elimination(graph, sizes)
    edges = {edge: counted(matrix) for edge, matrix in local.items()}
    Counted.products = 0
    for vertex, cost in zip(plan.order, plan.costs, strict=True):
        before = Counted.products
        into = [u for u, w in edges if w == vertex]
        out = [w for u, w in edges if u == vertex]
        for u, w in itertools.product(into, out):
            product = edges[vertex, w] @ edges[u, vertex]
            edges[u, w] = edges[u, w] + product if (u, w) in edges else product
        edges = {edge: matrix for edge, matrix in edges.items() if vertex not in edge}
        assert Counted.products - before == cost
    assert Counted.products == plan.cost

    sources, sinks = ends(graph)
    for source in sources:  # ∂w/∂source for every vertex w, forward: multiply along, add over paths
        total = {source: np.eye(sizes[source], dtype=int)}
        for w in sorted(graph):
            total[w] = sum(
                (local[u, w] @ total[u] for u in graph[w] if u in total), np.zeros((sizes[w], sizes[source]), int)
            )
        for sink in sinks:
            found = plain(edges[source, sink]) if (source, sink) in edges else np.zeros_like(total[sink])
            np.testing.assert_array_equal(found, total[sink])


def test_beyond_the_exact_search_orders_are_near_the_best_and_never_worse_than_the_usual_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(5)
    graphs = [random_graph(rng, 11) for _ in range(40)]
    best = [plan_elimination(*each) for each in graphs]
    monkeypatch.setattr("bpframe.derivatives.ordering.elimination._EXACT", 3)
    ratios = []
    for (graph, sizes), least in zip(graphs, best, strict=True):
        plan = plan_elimination(graph, sizes)
        assert not plan.exact or len(plan.order) <= 3
        assert least.exact
        assert least.cost <= plan.cost == cost_of(plan.order, graph, sizes) <= min(plan.forward, plan.reverse)
        ratios.append(plan.cost / least.cost)
    assert np.mean(ratios) < 1.05
    assert max(ratios) < 1.3


def test_look_ahead_finds_what_the_matrix_chain_of_many_matrices_costs() -> None:
    rng = random.Random(6)
    for _ in range(10):
        sizes = [rng.randint(1, 50) for _ in range(41)]
        best = plan_chain([Factor(m, n, m * n, known=0) for n, m in pairwise(sizes)]).cost
        plan = plan_elimination({k: [k - 1] for k in range(1, 41)}, dict(enumerate(sizes)))
        assert not plan.exact
        assert best <= plan.cost <= 1.1 * best < min(plan.forward, plan.reverse)


def test_twelve_vertices_are_searched_and_hundreds_are_ordered_in_seconds() -> None:
    rng = random.Random(7)
    start = time.process_time()
    graph = {v: rng.sample(range(v), min(v, 3)) for v in range(1, 14)}
    assert plan_elimination(graph).exact
    long = {v: sorted({v - 1, max(0, v - rng.choice([1, 2, 3]))}) for v in range(1, 300)}
    plan = plan_elimination(long, {v: rng.randint(1, 50) for v in range(300)})
    assert plan.cost < min(plan.forward, plan.reverse)
    assert time.process_time() - start < 10


def test_parallel_edges_are_added_and_what_leads_nowhere_costs_nothing() -> None:
    assert plan_elimination({"a": ["x", "x"], "y": ["a", "a"]}).cost == 1
    graph = {"a": ["x", "constant"], "b": ["a"], "dead": ["a", "b"], "y": ["b"]}
    plan = plan_elimination(graph, inputs=["x"], outputs=["y"])
    assert plan.cost == 2  # x → a → b and (x, a) → b → y, as if the constant and the dead end were not there
    assert set(plan.order) == {"constant", "a", "b", "dead"}


def test_sizes_of_any_magnitude_are_counted_exactly() -> None:
    size = 10**200
    plan = plan_elimination({"a": ["x"], "y": ["a"]}, {"x": size, "a": np.int64(7), "y": size})
    assert plan.cost == 7 * size**2
    long = plan_elimination({v: [v - 1] for v in range(1, 20)}, {v: size + v for v in range(20)})
    assert long.cost >= 18 * size**3


def test_a_plan_is_the_same_in_every_process() -> None:
    program = (
        "from bpframe.derivatives.ordering.elimination import plan_elimination\n"
        "graph = {f'v{k}': [f'v{k - 1}', f'v{k // 2}'] for k in range(1, 30)}\n"
        "print(plan_elimination(graph, {f'v{k}': 1 + k % 3 for k in range(30)}))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in "123"
    }
    assert len(printed) == 1


def test_a_plan_is_printed_with_its_order() -> None:
    graph = {"a": ["x", "y"], "b": ["a"], "c": ["b"], "p": ["c"], "q": ["c"]}
    plan = plan_elimination(graph)
    assert str(plan).splitlines() == [
        "7 multiplications, the least of all orders (forward 8, reverse 8)",
        "  b  1",
        "  a  2",
        "  c  4",
    ]
    direct = plan_elimination({"y": ["x"]})
    assert direct == EliminationPlan((), (), 0, True, 0, 0)
    assert str(direct) == "0 multiplications, the least of all orders (forward 0, reverse 0)"


@pytest.mark.parametrize(
    ("graph", "arguments", "kind", "message"),
    [
        ({}, {}, DerivativeError, "without edges"),
        ({"a": []}, {}, DerivativeError, "without edges"),
        ([("a", "b")], {}, DerivativeError, "planned from a graph"),
        ({"a": "xy"}, {}, DerivativeError, "'a' does not list"),
        ({"a": 3}, {}, DerivativeError, "'a' does not list"),
        ({"a": [["x"]]}, {}, DerivativeError, "'a' is computed from something that is no vertex"),
        ({"a": ["b"], "b": ["a"]}, {}, CycleError, "'a' → 'b'|'b' → 'a'"),
        ({"a": ["a"]}, {}, CycleError, "'a' → 'a'"),
        ({"a": ["x"]}, {"sizes": {"a": 1}}, DerivativeError, "'x' has no size"),
        ({"a": ["x"]}, {"sizes": {"a": 0, "x": 1}}, DerivativeError, "'a': too small"),
        ({"a": ["x"]}, {"sizes": {"a": 1.0, "x": 1}}, DerivativeError, "'a': not an integer"),
        ({"a": ["x"]}, {"inputs": ["z"]}, DerivativeError, "input 'z' is no vertex"),
        ({"a": ["x"]}, {"outputs": ["z"]}, DerivativeError, "output 'z' is no vertex"),
        ({"a": ["x"]}, {"outputs": []}, DerivativeError, "needs an output"),
    ],
)
def test_a_graph_that_cannot_be_planned_is_refused(
    graph: Any, arguments: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        plan_elimination(graph, **arguments)
