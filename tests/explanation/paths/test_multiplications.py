"""Counts of multiplications, held against numbers that count how often they are multiplied."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from hypothesis import HealthCheck, given, settings

import bpframe as bp
from bpframe.errors import DataError
from bpframe.explanation import Explanation
from bpframe.explanation.paths import ScalarGraph, chain_rule, growth, multiplications, shared_factors
from bpframe.explanation.paths.reach import weights_reaching
from tests.explanation.paths.networks import graph_of, mlp, tutorial
from tests.theory.graphs import Recipe, recipes


class Counting:
    """A number that counts multiplications of numbers like it; what is surely 1 or 0 is a plain number."""

    done = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def __mul__(self, other: object) -> Counting | int:
        if isinstance(other, int):
            assert other == 1  # what a sweep begins with
            return self
        assert isinstance(other, Counting)
        Counting.done += 1
        return Counting(self.value * other.value)

    def __add__(self, other: object) -> Counting:
        return self if isinstance(other, int) else Counting(self.value + other.value)  # type: ignore[attr-defined]

    __radd__ = __add__


def leaving(graph: ScalarGraph) -> dict[int, list[tuple[int, Counting]]]:
    """Return the edges that leave each node, with numbers that count."""
    found: dict[int, list[tuple[int, Counting]]] = {}
    for source, target, number in graph.edges:
        found.setdefault(source, []).append((target, Counting(number)))
    return found


def by_paths(graph: ScalarGraph, end: int) -> list[float]:
    """Multiply along every path by itself."""
    edges = leaving(graph)

    def products(entry: int) -> list[list[Counting]]:
        if entry == end:
            return [[]]
        return [[number, *rest] for target, number in edges.get(entry, []) for rest in products(target)]

    found = []
    for weight in graph.weights:
        total: Counting | int = 0
        for path in products(weight):
            product: Counting | int = path[0]
            for number in path[1:]:
                product = number * product
            total = product + total
        found.append(total if isinstance(total, int) else total.value)
    return found


def by_reverse(graph: ScalarGraph, end: int) -> list[float]:
    """Send the error of the end back along every edge that lies on a path from a weight."""
    edges = leaving(graph)
    after = [False] * graph.size
    for source, target, _ in graph.edges:
        after[target] |= after[source] or source in graph.weights
    errors: dict[int, Counting | int] = {end: 1}
    for entry in reversed(range(end)):
        if not after[entry] and entry not in graph.weights:
            continue
        parts = [number * errors[target] for target, number in edges.get(entry, []) if target in errors]
        if parts:
            errors[entry] = sum(parts)  # type: ignore[arg-type]
    found = [errors.get(weight, 0) for weight in graph.weights]
    return [each if isinstance(each, int) else each.value for each in found]


def by_sweeps(graph: ScalarGraph, end: int) -> list[float]:
    """Push a change of each weight forward along the edges that it reaches, and that lead to the end."""
    edges = leaving(graph)
    leads = {end}
    for source, target, _ in reversed(graph.edges):
        if target in leads:
            leads.add(source)
    found = []
    for weight in graph.weights:
        changes: dict[int, Counting | int] = {weight: 1}
        for entry in range(graph.size):
            for target, number in edges.get(entry, []) if entry in changes else []:
                if target in leads:
                    changes[target] = number * changes[entry] + changes.get(target, 0)  # type: ignore[operator]
        change = changes.get(end, 0)
        found.append(change if isinstance(change, int) else change.value)
    return found


def check(graph: ScalarGraph) -> None:
    found, end = multiplications(graph), graph.entry("C")
    expected = []
    for way, count in ((by_paths, found.path_by_path), (by_reverse, found.reverse), (by_sweeps, found.reaching)):
        Counting.done = 0
        expected.append(way(graph, end))
        assert Counting.done == count, way.__name__
    np.testing.assert_allclose(expected[0], expected[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(expected[2], expected[1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("graph", [graph_of(tutorial()), graph_of(mlp(3, 3)), graph_of(mlp(2, 4, bias=True))])
def test_counts_are_those_of_doing_it(graph: ScalarGraph) -> None:
    check(graph)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(recipe=recipes(most_items=6))
def test_counts_are_those_of_doing_it_on_any_graph(recipe: Recipe) -> None:
    check(graph_of(recipe.network()))


def test_a_sweep_over_the_whole_graph_multiplies_on_every_edge_between_entries() -> None:
    graph = graph_of(mlp(2, 2))
    found = multiplications(graph)
    inner = [edge for edge in graph.edges if graph.group_of(edge[0]).kind == "value"]
    assert found.sweeps == found.weights * len(inner)


@pytest.mark.parametrize(("width", "depth"), [*itertools.product((1, 2, 5), (1, 2, 4))])
def test_growth_is_what_is_counted_on_networks_of_that_size(width: int, depth: int) -> None:
    counted, formula = multiplications(graph_of(mlp(width, depth))), growth(width, depth)
    for name in ("weights", "paths", "path_by_path", "sweeps", "reaching", "reverse"):
        assert getattr(formula, name) == getattr(counted, name), name


def test_back_propagation_takes_less_than_two_multiplications_a_weight() -> None:
    for width, depth in ((10, 3), (30, 5)):
        found = multiplications(graph_of(mlp(width, depth)))
        assert 1 < found.reverse_per_weight < 2.1
        assert found.reverse < found.reaching < found.sweeps


def test_a_digits_network_is_counted_in_a_moment() -> None:
    layers = [Dense(units=30), Sigmoid(), Dense(units=10), Sigmoid()]
    network = bp.Network(layers, input_shape=(64,), cost=QuadraticCost(), seed=0)
    found = multiplications(graph_of(network))
    assert found.weights == 2260
    assert found.paths == 64 * 30 * 10 + 30 * 10 + 300 + 10  # weights and biases of the first layer; of the second
    # each weight and each bias an edge; σ' of 40; w of the second layer; the cost's 10 multiply nothing
    assert found.reverse == 2260 + 40 + 300


def test_the_reach_of_weights_is_that_of_walks() -> None:
    import networkx as nx

    graph = graph_of(mlp(3, 2, bias=True))
    drawn = nx.DiGraph([(source, target) for source, target, _ in graph.edges])
    expected = [
        sum(each in graph.weights for each in {*nx.ancestors(drawn, entry), entry}) if entry in drawn else 0
        for entry in range(graph.size)
    ]
    assert weights_reaching(graph) == expected


def test_a_shared_factor_lies_on_as_many_paths_as_are_walked() -> None:
    graph = graph_of(mlp(3, 2))
    paths = [
        path
        for weight in graph.weights
        for path in chain_rule(graph, graph.name(weight)).paths
    ]  # fmt: skip
    for shared in shared_factors(graph, most=1000):
        if shared.kind == "edge":
            on = [path for path in paths if shared.symbol in [factor.symbol for factor in path.factors]]
            assert shared.paths == len(on)
            assert shared.weights == len({path.entries[0] for path in on})


@pytest.mark.parametrize("size", [0, -1, True, 1.5])
def test_growth_of_no_size_is_refused(size: int) -> None:
    with pytest.raises(DataError, match="no positive integer"):
        growth(size, 2)
    with pytest.raises(DataError, match="no positive integer"):
        growth(2, size)


@pytest.fixture(scope="module")
def explained() -> Explanation:
    network = bp.Network([Dense(units=2), Sigmoid(), Dense(units=1)], input_shape=(2,), cost=QuadraticCost(), seed=0)
    return network.explain([1.0, 2.0], [0.5])


def test_the_plot_has_a_bar_for_each_way_and_a_line_for_each_that_grows(explained: Explanation, tmp_path: Path) -> None:
    figure = explained.plot_counts(tmp_path / "counts.svg")
    own, deeper, wider = figure.axes
    counts, formula = explained.paths.counts, explained.expansion.formula
    assert counts is not None
    assert formula is not None
    heights = [bar.get_height() for bar in own.patches]  # type: ignore[attr-defined]
    expected = [formula.direct_multiplications, counts.path_by_path, counts.sweeps, counts.reaching, counts.reverse]
    assert heights == expected
    assert [len(axes.lines) for axes in (deeper, wider)] == [4, 4]
    assert list(deeper.lines[0].get_ydata()) == [growth(4, depth).path_by_path for depth in range(1, 11)]
    assert list(wider.lines[-1].get_ydata())[:3] == [growth(width, 4).reverse for width in (1, 2, 4)]
    assert (tmp_path / "counts.svg").read_text(encoding="utf-8").count("<svg") == 1


def test_what_nobody_counted_is_not_drawn() -> None:
    network = bp.Network([Sigmoid()], input_shape=(1,), cost=QuadraticCost(), seed=0)
    with pytest.raises(DataError, match="no multiplications were counted"):
        network.explain([1.0], [0.5]).plot_counts()
