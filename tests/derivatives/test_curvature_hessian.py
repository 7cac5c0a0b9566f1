"""The diagonal of the Hessian, against the complex step of the gradient."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_convolution import Flatten
from bpframe_reference import Dense, Multiply, QuadraticCost, Sigmoid

from bpframe import Network, node
from bpframe.derivatives.curvature import bending
from bpframe.derivatives.points import memory
from bpframe.errors import DerivativeError, MemoryLimitError
from bpframe.extend import Array, Cost, Diagonal, Operator
from tests.components.activations import Sine
from tests.components.attention import Attention
from tests.contract.cases import CASES, scatter
from tests.oracles import assert_close

from .dense import At
from .zoo import ZOO, made, named


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_it_is_the_diagonal_of_the_dense_matrix(example) -> None:
    network = example.make()
    x, y = example.data()
    assert_close(network.curvature.hessian_diagonal(x, y).vector, np.diag(At(network, x, y).hessian()), 1e-9)


@pytest.mark.parametrize("case", [each for each in CASES if each.bends], ids=lambda each: each.name)
def test_every_component_of_the_contract_between_layers(case) -> None:
    network, x = case.trainable(), case.x(4)
    y = np.random.default_rng(0).standard_normal((4, 2))
    assert_close(network.curvature.hessian_diagonal(x, y).vector, np.diag(At(network, x, y).hessian()), 1e-9)


def test_portions_of_examples_and_vectors_add_up(monkeypatch) -> None:
    for name in ("convolution-cross-entropy", "layer-norm", "shared-weights", "recurrent"):
        example = named(name)
        network = example.make()
        x, y = example.data(batch=5)
        whole = network.curvature.hessian_diagonal(x, y).vector
        with monkeypatch.context() as small:
            small.setattr(memory, "PORTION_BYTES", 300)
            assert_close(network.curvature.hessian_diagonal(x, y).vector, whole, 1e-12)


def test_one_value_in_both_places_of_a_product() -> None:
    for share in (None, "first"):
        network = Network(
            inputs={"x": (3,)},
            nodes={
                "first": node(Dense(units=3), "x"),
                "bent": node(Tanh(), "first"),
                "again": node(Dense(units=3), "bent", **({"share": share} if share else {})),
                "square": node(Multiply(), "again", "again"),
                "end": node(Dense(units=2), "square"),
            },
            output="end",
            cost=QuadraticCost(),
        )
        scatter(network)
        rng = np.random.default_rng(0)
        x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
        assert_close(network.curvature.hessian_diagonal(x, y).vector, np.diag(At(network, x, y).hessian()), 1e-9)


def test_inputs_of_one_node_that_lead_to_the_same_parameter() -> None:
    network = Network(
        inputs={"x": (3, 2)},
        nodes={
            "trunk": node(Dense(units=3), "x"),
            "bent": node(Tanh(), "trunk"),
            **{name: node(Dense(units=2), "bent") for name in ("q", "k", "v")},
            "mixed": node(Attention(), "q", "k", "v"),
            "gated": node(Multiply(), "mixed", "v"),
            "flat": node(Flatten(), "gated"),
            "end": node(Dense(units=2), "flat"),
        },
        output="end",
        cost=QuadraticCost(),
    )
    scatter(network)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 2))
    assert_close(network.curvature.hessian_diagonal(x, y).vector, np.diag(At(network, x, y).hessian()), 1e-9)


class Wave(Cost):
    """Σ cos(a − y), which bends either way: its Hessian has no root."""

    def forward(self, a: Array, y: Array) -> Array:
        return np.cos(a - y).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return -np.sin(a - y)

    def hessian(self, a: Array, y: Array) -> Operator:
        return Diagonal(-np.cos(a - y))


def test_a_cost_whose_hessian_has_no_root_will_do() -> None:
    network, x, y = made(Dense(units=3), Sigmoid(), Dense(units=2), cost=Wave())
    found = network.curvature.hessian_diagonal(x, y).vector
    assert_close(found, np.diag(At(network, x, y).hessian()), 1e-9)
    assert (found < 0).any()
    with pytest.raises(DerivativeError, match="no root"):
        network.curvature.gauss_newton_diagonal(x, y)


def test_what_is_not_declared_is_refused_by_name() -> None:
    network, x, y = made(Dense(units=3), Sine(), Dense(units=2))
    with pytest.raises(DerivativeError, match=r"'sine_1' \(sine\): its second order is needed"):
        network.curvature.hessian_diagonal(x, y)
    network, x, y = made(Sine(), Dense(units=2))  # before the first parameter nothing is asked
    assert_close(network.curvature.hessian_diagonal(x, y).vector, np.diag(At(network, x, y).hessian()), 1e-9)


def test_second_orders_that_are_written_out_are_bounded(monkeypatch) -> None:
    example = named("attention")
    network = example.make()
    x, y = example.data(batch=9)
    batches = []
    taken = bending.columns_of

    def noting(trace, matrix, shapes):
        batches.append(len(matrix))
        return taken(trace, matrix, shapes)

    monkeypatch.setattr(bending, "columns_of", noting)
    whole = network.curvature.hessian_diagonal(x, y).vector
    assert batches == [9]
    batches.clear()
    monkeypatch.setattr(memory, "PORTION_BYTES", 50_000)  # 21 inputs: 4 · 8 · 21² bytes are 14 kB
    assert_close(network.curvature.hessian_diagonal(x, y).vector, whole, 1e-12)
    assert batches == [3, 3, 3]
    monkeypatch.setattr(memory, "MEMORY_LIMIT", 3000)
    with pytest.raises(MemoryLimitError, match=r"'mixed' \(attention\): its second order, written out"):
        network.curvature.hessian_diagonal(x, y)
