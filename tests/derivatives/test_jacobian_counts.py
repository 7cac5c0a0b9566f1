"""What a plan says it multiplies is what is multiplied, and the cheapest order is chosen."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_reference import Add, Dense

from bpframe import Network, node
from bpframe.core.operators import BatchMatrix, Composed, Diagonal, IdentityMap, Matrix, Operator, Sum
from bpframe.derivatives.jacobian.derivation import Derivation, derivation_of
from bpframe.derivatives.jacobian.edge import Edge
from bpframe.derivatives.jacobian.path import Path
from bpframe.derivatives.ordering import Factor, plan_chain
from bpframe.structures import RankOne

from .counting import Counted, counted, plain
from .zoo import ZOO

BATCH = 3
ORDERS = ("auto", "reverse", "forward")


class Unwritten(Operator):
    """A matrix for each example that only shows itself through products, as a stranger's operator does."""

    def __init__(self, j: Any) -> None:
        self.j = j

    def jvp(self, v: Any, out: Any = None) -> Any:
        return np.matmul(self.j, v[..., None])[..., 0]

    def vjp(self, u: Any, out: Any = None) -> Any:
        return np.matmul(self.j.swapaxes(1, 2), u[..., None])[..., 0]


def some(rng: random.Random, *shape: int) -> Any:
    return counted([rng.randint(-2, 2) for _ in range(int(np.prod(shape)))]).reshape(shape)


def operator(rng: random.Random, outputs: int, inputs: int) -> Operator:
    """Return an operator of any structure, on numbers that count their multiplications."""
    makes: list[Callable[[], Operator]] = [
        lambda: Matrix(some(rng, outputs, inputs)),
        lambda: BatchMatrix(some(rng, BATCH, outputs, inputs)),
        lambda: BatchMatrix(some(rng, 1, outputs, inputs)),
        lambda: RankOne(some(rng, BATCH, outputs), some(rng, BATCH, inputs)),
        lambda: Unwritten(some(rng, BATCH, outputs, inputs)),
        lambda: Composed((Matrix(some(rng, outputs, 2)), Diagonal(some(rng, BATCH, 2)), Matrix(some(rng, 2, inputs)))),
    ]
    if inputs == outputs:
        makes += [
            IdentityMap,
            lambda: Diagonal(some(rng, BATCH, inputs)),
            lambda: Diagonal(some(rng, 1, inputs)),
            lambda: Sum(
                (Diagonal(some(rng, BATCH, inputs)), RankOne(some(rng, BATCH, inputs), some(rng, BATCH, inputs)))
            ),
        ]
    return rng.choice(makes)().bind((inputs,), (outputs,))


def random_edges(rng: random.Random, values: int, jumps: float) -> tuple[Edge, ...]:
    """Return a graph between v0 and the last value: a chain, with edges that jump over values now and then."""
    sizes = [rng.randint(1, 4) for _ in range(values)]
    spec = SimpleNamespace(where="here", name="here")
    edges = []
    for target in range(1, values):
        sources = {target - 1} | {source for source in range(target - 1) if rng.random() < jumps}
        for source in sorted(sources):
            made = operator(rng, sizes[target], sizes[source])
            edges.append(Edge(f"v{source}", f"v{target}", made, spec, target, "x"))  # type: ignore[arg-type]
    return tuple(edges)


def multiplied_by_hand(edges: tuple[Edge, ...], source: str, target: str) -> Any:
    """Push unit vectors along all paths, example by example."""
    first = next(edge.operator for edge in edges if edge.source == source)
    size = first.in_shape[0]
    found = {source: np.broadcast_to(np.eye(size, dtype=object)[:, None], (size, BATCH, size))}
    for edge in edges:
        if edge.source in found:
            part = edge.operator.jvp(found[edge.source])
            found[edge.target] = found[edge.target] + part if edge.target in found else part
    return np.vectorize(lambda each: getattr(each, "value", each), otypes=[int])(found[target]).transpose(1, 2, 0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("jumps", [0.0, 0.2, 0.6])
def test_as_many_multiplications_are_done_as_are_said(order: Any, jumps: float) -> None:
    rng = random.Random(f"{order} {jumps}")
    chosen = set()
    for _ in range(25):
        edges = random_edges(rng, rng.randint(2, 8), jumps)
        source, target = edges[0].source, edges[-1].target
        shapes = edges[0].operator.in_shape, edges[-1].operator.out_shape
        derivation = Derivation(target, (Path(source, target, *shapes, edges),), BATCH, order)
        result = counted(np.zeros((BATCH, *shapes[1], *shapes[0]), int))
        said = derivation.costs[derivation.chosen]
        Counted.products = 0
        derivation.carried_out(np.empty(0, object), {source: result})
        done = Counted.products
        expected = multiplied_by_hand(edges, source, target)
        np.testing.assert_array_equal(np.vectorize(lambda each: getattr(each, "value", each))(result), expected)
        assert done == said
        chosen.add(derivation.chosen)
        if order == "auto":
            assert said <= min(derivation.costs.values())
    assert "planned" in chosen if order == "auto" else chosen == {order}


def test_sweeps_to_several_sources_multiply_once_what_they_share() -> None:
    rng = random.Random(11)
    edges = random_edges(rng, 7, 0.4)
    target = edges[-1].target
    names = [f"v{number}" for number in range(6)]

    def path(source: str) -> Path:
        after = {source}
        kept = []
        for edge in edges:
            if edge.source in after:
                after.add(edge.target)
                kept.append(edge)
        return Path(source, target, kept[0].operator.in_shape, edges[-1].operator.out_shape, tuple(kept))

    paths = tuple(path(name) for name in names)
    together = Derivation(target, paths, BATCH, "reverse")
    out = {path.source: np.empty((BATCH, *path.out_shape, *path.in_shape), object) for path in paths}
    Counted.products = 0
    together.carried_out(np.empty(0, object), out)
    assert Counted.products == together.costs["reverse"]
    apart = sum(Derivation(target, (path,), BATCH, "reverse").costs["reverse"] for path in paths)
    assert together.costs["reverse"] < apart
    for name in names:
        np.testing.assert_array_equal(
            np.vectorize(lambda each: getattr(each, "value", each))(out[name]), multiplied_by_hand(edges, name, target)
        )
    auto = Derivation(target, paths, BATCH, "auto")
    assert auto.costs[auto.chosen] == min(auto.costs.values())


WIDTHS = [512, 256, 8, 256, 512]


def tanh_network(widths: list[int]) -> Network:
    layers = [layer for units in widths[1:] for layer in (Dense(units=units), Tanh())][:-1]
    return Network(layers, input_shape=(widths[0],), dtype="float32", seed=0)


def test_a_bottleneck_is_worth_17_times_fewer_multiplications() -> None:
    network = tanh_network(WIDTHS)
    x = np.random.default_rng(0).standard_normal((2, 512), "float32")
    found, told = network.jacobian(x, explain=True)
    np.testing.assert_allclose(found, network.jacobian(x, order="forward"), rtol=0, atol=1e-6)
    assert told.chosen == "planned"
    assert round(told.reverse / told.cost) == 17
    assert told.cost == told.routes[0].plan.cost
    # For each example: three times σ' times 8 rows or columns, W1 and W4 with as many, and the last product.
    assert told.cost == 2 * (3 * 8 * 256 + 2 * 8 * 256 * 512 + 512 * 8 * 512)


def test_shared_weights_are_multiplied_once_for_the_batch() -> None:
    network = Network([Dense(units=5), Dense(units=4), Dense(units=3)], input_shape=(6,), seed=0)
    for batch in (1, 50):
        _, told = network.jacobian(np.ones((batch, 6)), explain=True)
        assert told.cost == 3 * 4 * 5 + 3 * 5 * 6
    np.testing.assert_allclose(
        network.jacobian(np.ones((2, 6)))[1],
        network.parameters["dense_3.w"] @ network.parameters["dense_2.w"] @ network.parameters["dense_1.w"],
    )


def test_a_residual_connection_costs_nothing_but_its_branch() -> None:
    network = Network(
        inputs={"x": (20,)},
        nodes={"w": node(Dense(units=20), "x"), "t": node(Tanh(), "w"), "y": node(Add(), "t", "x")},
        seed=0,
    )
    _, told = network.jacobian(np.ones((7, 20)), explain=True)
    assert told.cost == 7 * 20 * 20  # diag(σ') w for every example; the identity is added
    assert told.routes[0].structures[0].eliminated


def test_planned_chains_are_those_of_plan_chain() -> None:
    network = tanh_network([6, 5, 2, 7])
    _, told = network.jacobian(np.ones((4, 6), "float32"), explain=True)
    chain = [
        Factor(each.outputs, each.inputs, each.cost, known=0, shared=each.shared) for each in told.routes[0].structures
    ]
    assert [factor.shared for factor in chain] == [True, False, True, False, True]
    assert told.routes[0].plan == plan_chain(chain, batch=4)


@pytest.mark.parametrize("example", ZOO, ids=lambda example: example.name)
def test_explanations_name_every_local_jacobian(example: Any) -> None:
    network, (x, _) = example.make(), example.data()
    wrt = "parameters" if network.graph.integer_inputs else ["inputs", "parameters"]
    for form in ("dense", "sparse", "factored"):
        _, told = network.jacobian(x, of=network.graph.outputs[0], wrt=wrt, form=form, explain=True)
        text = str(told)
        assert told.cost <= min(told.reverse, told.forward)
        assert f"{told.cost:,} multiplications" in text
        for route in told.routes:
            assert f"wrt {route.wrt}" in text
            assert all(each.structure in text for each in route.structures)


def test_an_explanation_can_be_read() -> None:
    network = tanh_network([4, 3, 2])
    _, told = network.jacobian(np.ones((5, 4), "float32"), explain=True)
    assert str(told).splitlines() == [
        "∂dense_2 of 5 examples, dense: the cheapest order",
        "  150 multiplications (reverse 150, forward 180)",
        "wrt x",
        "  F1  dense_1 in a  matrix    3×4  shared  12",
        "  F2  tanh_1 in z   diagonal  3×3           3",
        "  F3  dense_2 in a  matrix    2×3  shared   6",
        "  J3 F2 F1: 150 multiplications for 5 examples (tangent 228, adjoint 162, preaccumulation 210)",
        "    J3     2×3  known                        0",
        "    J3..1  2×4  adjoint product  J3 F2 F1  150",
    ]
    _, told = network.jacobian(np.ones((5, 4), "float32"), explain=True, form="sparse")
    assert "no zeros to leave out in x" in str(told)
    assert plain(counted([3]))[0] == 3


def test_what_two_products_need_is_written_out_once() -> None:
    nodes = {
        "one": node(Dense(units=4), "x"), "left": node(Tanh(), "one"), "right": node(Dense(units=4), "one"),
        "other": node(Dense(units=4), "x"), "end": node(Add(), "left", "right", "other"),
    }  # fmt: skip
    network = Network(inputs={"x": (1,)}, nodes=nodes, seed=0)
    (chain,) = derivation_of(network.trace(np.ones((BATCH, 1))), "end", ["x"], "auto").chains.values()
    (elimination,) = chain.eliminations.values()
    assert [action.earlier for action in elimination.actions if action.kind == "push"].count(("x", "one")) == 2
    writings = [action.earlier for action in elimination.actions if action.kind in ("known", "tangent", "adjoint")]
    assert len(writings) == len(set(writings))
