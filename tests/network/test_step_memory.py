"""What `Network.memory` says before training is what tracemalloc finds during it."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest
from bpframe_optimizers import Momentum
from bpframe_reference import Add, Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.training.updates import Updater
from tests.contract.cases import CASES
from tests.training.rules import Drawing


def deep():
    return bp.Network([layer for _ in range(8) for layer in (Dense(units=200), Sigmoid())], cost=QuadraticCost(),
                      input_shape=(200,), dtype="float32")  # fmt: skip


def wide():
    return bp.Network(
        [Dense(units=1000), Sigmoid(), Dense(units=10), Sigmoid()], cost=QuadraticCost(), input_shape=(300,)
    )


def residual():
    nodes = {"d0": bp.node(Dense(units=150), "x")}
    for k in range(4):
        nodes[f"s{k}"] = bp.node(Sigmoid(), f"d{k}")
        nodes[f"a{k}"] = bp.node(Add(), f"s{k}", f"d{k}")
        nodes[f"d{k + 1}"] = bp.node(Dense(units=150), f"a{k}")
    return bp.Network(inputs={"x": (150,)}, nodes=nodes, output="d4", cost=QuadraticCost(), dtype="float32")


NETWORKS = {"deep": deep, "wide": wide, "residual": residual}


@pytest.mark.parametrize("batch_size", [64, 1000])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_peak_is_what_was_predicted(name, batch_size) -> None:
    make, optimizer = NETWORKS[name], GradientDescent(learning_rate=1e-4)

    def trained(size):
        network = make()
        x = np.zeros((size, *network.graph.inputs["x"]), network.dtype)
        y = np.zeros((size, *network.graph.target_shapes[network.graph.outputs[0]]), network.dtype)
        network.fit(x, y, optimizer=optimizer, epochs=20, batch_size=size, shuffle=False)
        return network, {"x": x}, {network.graph.outputs[0]: y}

    trained(2)  # what is imported late is imported now
    predicted = make().memory(batch_size, optimizer)
    gc.collect()
    tracemalloc.start()
    try:
        network, inputs, targets = trained(batch_size)
        first = tracemalloc.get_traced_memory()[1]
        for repeated in (False, True):
            for _ in range(4):
                with network._engine.lane() as lane:
                    network._engine.differentiate(lane, inputs, targets, training=True, purpose="training")
            if not repeated:
                tracemalloc.reset_peak()
        again = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # What the trainer and its optimizer hold is gone when it is over; the arrays were copied into the step's own.
    held = predicted.step - predicted.optimizer - predicted.parameters // 3 + predicted.batch
    assert again == pytest.approx(held, rel=0.2)
    assert first == pytest.approx(predicted.peak, rel=0.2)


def test_kept_activations_and_one_temporary_bound_the_buffers() -> None:
    network, batch = deep(), 128
    activations = 8 * 200 * batch * 4  # what BP2 and BP4 read again
    assert network.memory(batch).buffers <= activations + 3 * 200 * batch * 4 + 4096


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.name)
def test_any_component_has_a_plan(case) -> None:
    network = case.trainable()
    before = network.parameters.vector.copy()
    plan = network.step_plan(3)
    assert {each.node for each in plan.calls} >= {node.name for node in network.graph.nodes if node.parameters}
    assert str(plan).startswith("a step with batches of 3")
    assert set(plan.direct) <= {
        *(node.name for node in network.graph.nodes),
        *(f"cost of {n}" for n in network.graph.outputs),
    }
    np.testing.assert_array_equal(network.parameters.vector, before)


def test_larger_batches_are_told_from_smaller_ones() -> None:
    network = wide()
    exact = network.step_plan(256).block
    assert network.memory(256).buffers == exact
    assert network.memory(2560).buffers == pytest.approx(10 * exact, rel=0.02)


def test_an_optimizers_state_counts() -> None:
    network = wide()
    plain = network.memory(10, GradientDescent(learning_rate=1.0))
    vector = network.parameters.vector.nbytes
    # As it is, and as a training may go back to it.
    assert network.memory(10, Momentum(learning_rate=1.0)).optimizer == plain.optimizer + 2 * vector
    assert network.memory(10, Drawing()).optimizer == vector + 2 * (3 * vector + 8)
    assert "buffers of a step" in str(plain)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True, "ten"])
def test_what_is_no_batch_size_is_refused(batch_size) -> None:
    with pytest.raises(bp.errors.DataError, match="no batch size"):
        wide().memory(batch_size)
    with pytest.raises(bp.errors.DataError, match="no batch size"):
        wide().step_plan(batch_size)


def test_a_network_without_a_cost_has_no_training_step() -> None:
    network = bp.Network([Dense(units=2)], input_shape=(2,))
    with pytest.raises(bp.errors.ContractError, match="no cost"):
        network.memory(10)


def test_a_repeated_step_allocates_nothing_of_an_activations_size() -> None:
    """NumPy itself takes a buffer of at most 8,192 entries where an addition repeats one of its arguments."""
    network, batch = deep(), 1000  # activations of 800 kB
    engine = network._engine
    lane = engine._lanes.take()
    updater = Updater(GradientDescent(learning_rate=1e-4), engine.parameters.vector, lane.gradient.vector)
    inputs = {"x": np.zeros((batch, 200), np.float32)}
    targets = {network.graph.outputs[0]: np.zeros((batch, 200), np.float32)}

    def step():
        engine.differentiate(lane, inputs, targets, training=True, purpose="training")
        updater.apply()

    for _ in range(6):
        step()
    tracemalloc.start()
    try:
        step()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(3):
            step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - before < 2 * 8192 * 4 + 10_000
