"""Repeated predictions and costs are those of a first pass, to the last bit, whatever has changed in between."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, Identity, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.core.backprop import engine as engine_module
from bpframe.extend import Activation, Diagonal
from tests.contract.cases import CASES
from tests.derivatives.zoo import ZOO
from tests.passes import evaluations, forget


def arrays(value):
    return list(value.values()) if isinstance(value, dict) else [value]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_every_network(example, dtype, monkeypatch) -> None:
    network, (x, y) = example.make(dtype), example.data(dtype=dtype)
    found = []
    for _ in range(16):
        found.append((arrays(network.predict(x)), network.cost(x, y)))
        network.parameters.vector *= 1.01
    assert all(each.is_bound for each in evaluations(network))
    monkeypatch.setattr(engine_module, "SMALL_PASS", 0)
    again = example.make(dtype)
    for outputs, cost in found:
        assert [each.tobytes() for each in outputs] == [each.tobytes() for each in arrays(again.predict(x))]
        assert cost == again.cost(x, y)
        again.parameters.vector *= 1.01
    assert not evaluations(again)


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.name)
def test_every_component_between_trainings(case) -> None:
    network, x, y = case.trainable(), case.x(4), np.ones((4, 2))
    for _ in range(14):
        network.fit(x, y, optimizer=GradientDescent(learning_rate=0.01), epochs=1, batch_size=4)
        ours, cost = network.predict(x), network.cost(x, y)
        forget(network)
        assert ours.tobytes() == network.predict(x).tobytes()
        assert cost == network.cost(x, y)


@pytest.mark.parametrize("features", [3, 3000], ids=["copied arrays", "bound arrays"])
def test_other_arrays_and_other_sizes(features) -> None:
    layers = [Dense(units=4), Sigmoid(), Dense(units=2)]
    network = bp.Network(layers, cost=QuadraticCost(), input_shape=(features,), seed=1)
    rng = np.random.default_rng(0)
    kept = []
    for number in range(30):
        size = 5 + number % 2
        x, y = rng.random((size, features)), rng.random((size, 2))
        if number % 3 == 0:
            x = np.asfortranarray(x)
        before = x.copy(), y.copy()
        kept.append((x, y, network.predict(x), network.cost(x, y)))
        network.gradient(x, y)
        assert all((a == b).all() for a, b in zip(before, (x, y), strict=True))
    forget(network)
    for x, y, outputs, cost in kept:  # nobody wrote into what was handed out or in
        x.flags.writeable = y.flags.writeable = False
        np.testing.assert_allclose(outputs, network.predict(x.copy()), rtol=1e-13)
        assert cost == pytest.approx(network.cost(x.copy(), y.copy()), rel=1e-13)
        forget(network)


def test_large_passes_are_not_kept() -> None:
    network = bp.Network([Dense(units=4)], cost=QuadraticCost(), input_shape=(100,))
    for _ in range(3):
        network.predict(np.ones((2000, 100)))
    assert not evaluations(network)


class Brittle(Activation):
    """Fails for large numbers."""

    def forward(self, x):
        if x.max() > 10:
            raise ValueError("too large")
        return x * 1

    def jacobian(self, x):
        return Diagonal(np.ones_like(x))


def test_a_late_failure_names_the_node() -> None:
    network = bp.Network([Dense(units=2), Brittle()], cost=QuadraticCost(), input_shape=(2,))
    network.parameters.vector[:] = 1  # each output is x₁ + x₂ + 1
    for _ in range(5):
        network.predict(np.ones((3, 2)))
    with pytest.raises(bp.errors.ContractError, match=r"brittle_1.*forward failed: ValueError: too large"):
        network.predict(np.full((3, 2), 1e4))
    for x in (1, 2):
        np.testing.assert_array_equal(network.predict(np.full((3, 2), x)), np.full((3, 2), 2 * x + 1))


def test_an_output_that_is_the_input_is_never_written() -> None:
    network = bp.Network([Identity()], cost=QuadraticCost(), input_shape=(2,))
    x = np.random.default_rng(0).random((3, 2))
    x.flags.writeable = False
    for _ in range(70):  # past the passes in which components are called again
        np.testing.assert_array_equal(network.predict(x), x)
