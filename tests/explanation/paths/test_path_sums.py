"""Sums over paths, held against walks along every path and against the network's own gradient."""

from __future__ import annotations

import math
import sys
from typing import ClassVar

import numpy as np
import pytest
from bpframe_merges import Residual
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_sequence import Lstm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bpframe as bp
from bpframe.errors import DataError, MemoryLimitError
from bpframe.explanation.paths import ScalarGraph, chain_rule, multiplications, scalar_graph
from bpframe.explanation.paths.path_sums import derivatives_of, paths_to
from bpframe.extend import Array, Diagonal, Layer, Operator
from tests.explanation.paths.networks import example, graph_of, mlp, tutorial, walked
from tests.explanation.paths.networks import given as inputs_of
from tests.theory.graphs import KNOWN, Recipe, recipes


def gradient(network: bp.Network, graph: ScalarGraph, seed: int = 3) -> np.ndarray:
    trace, targets = example(network, seed)
    y = targets if len(targets) > 1 else next(iter(targets.values()))
    return network.gradient(inputs_of(trace), y).vector


def check(network: bp.Network) -> None:
    graph = graph_of(network)
    expected = gradient(network, graph)
    end, size = graph.entry("C"), graph.size
    derivatives, counts = derivatives_of(graph, end), paths_to(graph, end)
    found = np.array(derivatives)[: len(expected)]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * max(1.0, np.abs(expected).max(initial=0)))
    for entry in range(0, size, max(1, size // 7)):
        if counts[entry] <= 300:
            paths = walked(graph, entry, end)
            assert counts[entry] == len(paths)
            scale = math.fsum(abs(math.prod(path)) for path in paths)
            assert math.fsum(map(math.prod, paths)) == pytest.approx(derivatives[entry], rel=1e-12, abs=1e-12 * scale)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(recipe=recipes(most_items=7))
def test_the_sum_over_paths_is_the_gradient_and_the_count_is_that_of_all_walks(recipe: Recipe) -> None:
    check(recipe.network())


@pytest.mark.parametrize("recipe", KNOWN.values(), ids=KNOWN)
def test_of_every_shape_of_graph(recipe: Recipe) -> None:
    check(recipe.network())


class Swish2(Layer):
    """A stranger's layer, whose Jacobian is an operator that it chose: y = x², ∂y/∂x = 2x."""

    def forward(self, x: Array) -> Array:
        return x * x

    def jacobian(self, x: Array) -> Diagonal:
        return Diagonal(2 * x)


@pytest.mark.parametrize(
    "layers",
    [
        [Dense(units=3), Residual(body=[Dense(units=3), Sigmoid()]), Dense(units=1)],
        [Dense(units=3), Swish2(), Dense(units=2)],
    ],
    ids=["residual", "a stranger's layer"],
)
def test_of_blocks_and_of_strangers(layers: list[Layer]) -> None:
    check(bp.Network(layers, input_shape=(2,), cost=QuadraticCost(), seed=0))


class Doubling(Operator):
    """An operator that says of itself that it couples the examples of a batch: of one example it is 2 all the same."""

    structure = "doubling"
    couples_batch = True

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return 2 * v

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return 2 * u


class Doubled(Layer):
    couples_batch: ClassVar[bool] = True

    def forward(self, x: Array) -> Array:
        return 2 * x

    def jacobian(self) -> Operator:
        return Doubling()


def test_of_an_operator_that_couples_examples() -> None:
    check(bp.Network([Dense(units=3), Doubled(), Dense(units=2)], input_shape=(2,), cost=QuadraticCost(), seed=0))


def test_of_an_lstm_whose_step_is_one_node() -> None:
    check(bp.Network([Lstm(units=2), Dense(units=1)], input_shape=(3, 2), cost=QuadraticCost(), seed=0))


def test_of_a_long_lstm_whose_jacobian_is_known_by_its_products() -> None:
    network = bp.Network([Lstm(units=8), Dense(units=2)], input_shape=(40, 1), cost=QuadraticCost(), seed=0)
    graph = graph_of(network)
    assert graph.groups[0].name == "lstm_1.w"
    slopes = np.array(derivatives_of(graph, graph.size - 1))[: len(graph.weights)]
    assert np.allclose(slopes, gradient(network, graph), rtol=1e-12, atol=1e-15)


def test_a_residual_network_doubles_its_paths_at_every_block() -> None:
    blocks = [Residual(body=[Dense(units=1, bias=False)]) for _ in range(100)]
    network = bp.Network([Dense(units=1, bias=False), *blocks], input_shape=(1,), cost=QuadraticCost(), seed=0)
    assert chain_rule(graph_of(network), "dense_1.w[0,0]", most=3).count == 2**100


def test_a_penalty_is_an_edge_of_its_own() -> None:
    from bpframe_regularisation import L2

    network = bp.Network(
        [Dense(units=2), Sigmoid(), Dense(units=1)],
        input_shape=(2,),
        cost=QuadraticCost(),
        penalties={"*.w": L2(rate=0.1)},
        seed=0,
    )
    check(network)
    assert chain_rule(graph_of(network), "dense_2.w[0,0]").count == 2


def test_a_frozen_weight_is_an_entry_and_no_weight_to_be_counted() -> None:
    layers = [Dense(units=2), Sigmoid(), Dense(units=1)]
    network = bp.Network(layers, input_shape=(2,), cost=QuadraticCost(), frozen="dense_1.w", seed=0)
    graph = graph_of(network)
    assert multiplications(graph).weights == 5
    assert chain_rule(graph, "dense_1.w[0,0]").count == 1


def test_paths_are_counted_where_there_are_more_than_any_float_holds_exactly() -> None:
    graph = graph_of(mlp(width=10, depth=32))
    found = chain_rule(graph, "dense_1.w[0,0]", most=5)
    assert found.count == 10**31
    assert found.unfactored_multiplications == 10**31 * (2 * 31 + 3)
    assert (found.shown, len(found.paths), found.unfactored, found.nested) == ("largest", 5, None, None)


def test_the_largest_paths_are_those_of_all_walks() -> None:
    graph = graph_of(mlp(width=3, depth=3, bias=True))
    every = chain_rule(graph, "dense_1.w[1,2]", most=sys.maxsize)
    assert every.shown == "all"
    assert every.count == len(every.paths) == 9
    largest = chain_rule(graph, "dense_1.w[1,2]", most=4)
    assert list(largest.paths) == sorted(every.paths, key=lambda path: -abs(path.product))[:4]
    assert largest.total == every.total == pytest.approx(every.paths_sum, rel=1e-14)


def test_a_weight_whose_number_is_0_is_still_on_a_path() -> None:
    network = tutorial()
    network.parameters["dense_2.w"][0, 0] = 0.0
    assert chain_rule(graph_of(network), "dense_1.w[0,0]").paths[0].product == 0.0


def test_nothing_leads_from_a_weight_to_what_does_not_depend_on_it() -> None:
    found = chain_rule(graph_of(tutorial()), "dense_3.w[0,0]", "dense_1[0]")
    assert (found.count, found.paths, found.total, found.unfactored, found.nested) == (0, (), 0.0, "0", "0")


def test_several_examples_are_refused() -> None:
    with pytest.raises(DataError, match="2 examples"):
        scalar_graph(tutorial().trace(np.ones((2, 2))))


def test_a_graph_with_too_many_edges_is_refused_before_it_is_made() -> None:
    network = bp.Network([Dense(units=2000)], input_shape=(2000,), cost=QuadraticCost(), seed=0)
    with pytest.raises(MemoryLimitError, match="too many edges"):
        graph_of(network)


@pytest.mark.parametrize("most", [0, -1, True, 2.0, None])
def test_a_limit_that_is_none_is_refused(most: object) -> None:
    with pytest.raises(DataError, match="no positive integer"):
        chain_rule(graph_of(tutorial()), "dense_1.w[0,0]", most=most)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dense_1.w[0,2]", "the last of 'dense_1.w', of shape"),
        ("dense_1.w", "no entry 'dense_1.w'"),
        ("dense_1.v[0,0]", r"did you mean 'dense_1.w\[0,0\]'"),
        ("w^2_11", "no number of the network"),
        ("", "no number of the network"),
    ],
)
def test_a_name_that_there_is_not_is_answered_with_one_that_there_is(name: str, said: str) -> None:
    with pytest.raises(KeyError, match=said):
        chain_rule(graph_of(tutorial()), name)


@settings(max_examples=30)
@given(shape=st.lists(st.integers(1, 12), max_size=3).map(tuple), letter=st.sampled_from([None, "w^2", "q"]))
def test_every_entry_is_found_by_its_name(shape: tuple[int, ...], letter: str | None) -> None:
    from bpframe.explanation.paths import Scalars

    groups = (Scalars("before.x_1", "parameter", (3,), 0), Scalars("layer_1.w", "parameter", shape, 3, letter))
    graph = ScalarGraph(groups, np.empty(0, int), np.empty(0, int), np.empty(0))
    names = [graph.name(entry) for entry in range(graph.size)]
    assert len(set(names)) == len(names)
    assert [graph.entry(name) for name in names] == list(range(graph.size))


def test_a_node_may_be_called_as_the_cost_is() -> None:
    nodes = {"C": bp.node(Dense(units=2, bias=False), "x"), "D": bp.node(Dense(units=1), "C")}
    network = bp.Network(inputs={"x": (2,)}, nodes=nodes, output="D", cost=QuadraticCost(), seed=0)
    graph = graph_of(network)
    assert chain_rule(graph, "C.w[0,0]", "C of the example").count == 1
    assert chain_rule(graph, "C.w[0,0]", "C[0]").count == 1
    counts = network.explain([1.0, 2.0], [0.5]).paths.counts
    assert counts is not None
    assert (counts.of, counts.paths) == ("C of the example", 4 + 2 + 1)


def test_products_that_are_not_finite_are_added_as_they_are() -> None:
    network = tutorial()
    network.parameters.vector[:] = 1e200
    with np.errstate(all="ignore"):
        found = chain_rule(graph_of(network), "dense_1.w[0,0]")
    assert not np.isfinite(found.total)
    assert not np.isfinite(found.paths_sum)
