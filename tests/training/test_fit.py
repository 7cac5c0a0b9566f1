"""Training: what it returns, and that it learns."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import bpframe as bp
from bpframe.training.history import EpochRecord, History
from tests.network.networks import chain, descent, samples, shared, shared_samples


def separable(count=60):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((count, 3))
    return x, np.eye(2)[(x[:, 0] + x[:, 1] > 0).astype(int)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [1, 7, 60, 1000])
def test_it_learns_what_can_be_learnt(dtype, batch_size):
    net, (x, y) = chain(dtype), separable()
    before = net.cost(x, y)
    net.fit(x, y, optimizer=descent(3.0), epochs=1000 if batch_size > 50 else 60, batch_size=batch_size)
    assert net.accuracy(x, y) >= 0.95
    assert net.cost(x, y) < 0.3 * before


def test_it_trains_several_inputs_and_outputs_with_shared_parameters():
    net, (x, y) = shared(), shared_samples(20)
    before = net.cost(x, y)
    history = net.fit(x, y, optimizer=descent(0.01), epochs=50, batch_size=6)
    assert net.cost(x, y) < 0.9 * before
    assert history.steps == 50 * 4


def test_the_history_has_a_record_per_epoch():
    net, (x, y) = chain(), samples(7)
    validation = samples(4, seed=1)
    history = net.fit(
        x, y, optimizer=descent(), epochs=3, batch_size=2, validation_data=validation, metrics=["accuracy"]
    )
    assert [record.epoch for record in history.epochs] == [1, 2, 3]
    assert len(history) == 3
    assert history.steps == 3 * 4
    assert history.stopped == "completed"
    assert history.epochs[-1].validation_cost == net.cost(*validation)
    assert history.epochs[-1].validation_accuracy == net.accuracy(*validation)
    assert history.column("cost") == [record.cost for record in history.epochs]
    assert history.column("accuracy") == []
    assert all(record.seconds > 0 for record in history.epochs)


def test_an_epochs_cost_is_the_mean_over_its_steps_before_each_update():
    net, (x, y) = chain(), samples(6)
    first, second = chain(), chain()
    history = net.fit(x, y, optimizer=descent(), epochs=1, batch_size=3, shuffle=False)
    second.fit(x[:3], y[:3], optimizer=descent(), epochs=1, batch_size=3, shuffle=False)
    expected = (first.cost(x[:3], y[:3]) + second.cost(x[3:], y[3:])) / 2
    assert history.epochs[0].cost == pytest.approx(expected, rel=1e-14)


def test_the_history_goes_to_json_and_back_without_loss():
    net, (x, y) = chain("float32"), samples(7)
    history = net.fit(x, y, optimizer=descent(), epochs=3, batch_size=2, validation_data=(x, y), metrics=["accuracy"])
    text = history.model_dump_json()
    assert History.model_validate_json(text) == history
    assert History.model_validate_json(History().model_dump_json()) == History()


def test_a_cost_that_json_cannot_hold_goes_there_and_back_too():
    history = History(epochs=[EpochRecord(epoch=1, cost=1.0, seconds=0.1, validation_cost=float("inf"))])
    assert "Infinity," not in history.model_dump_json()
    assert History.model_validate_json(history.model_dump_json()) == history


def test_a_network_without_parameters_can_be_fitted():
    from bpframe_reference import Identity, QuadraticCost

    net = bp.Network([Identity()], input_shape=(3,), cost=QuadraticCost())
    x = samples(5)[0]
    history = net.fit(x, x + 1, optimizer=descent(), epochs=2, batch_size=2)
    assert history.column("cost") == pytest.approx([1.5, 1.5])


def test_outputs_without_a_cost_take_no_part():
    def built(output):
        from bpframe_reference import Dense, QuadraticCost

        return bp.Network(
            inputs={"x": (3,)},
            nodes={"a": bp.node(Dense(units=2), "x"), "b": bp.node(Dense(units=2), "a")},
            output=output,
            cost={"a": QuadraticCost()},
        )

    net, (x, y) = built(["a", "b"]), samples(5)
    kept = net.parameters["b.w"].copy()
    net.fit(x, {"a": y}, optimizer=descent(), epochs=2, batch_size=2)
    np.testing.assert_array_equal(net.parameters["b.w"], kept)
    assert not net.gradient(x, y)["b.w"].any()
    assert net.gradient(x, y)["a.w"].any()


def test_it_works_outside_the_main_thread():
    inside, outside, (x, y) = chain(), chain(), samples(7)
    found = []

    def work():
        found.append(outside.fit(x, y, optimizer=descent(), epochs=2, batch_size=2))

    inside.fit(x, y, optimizer=descent(), epochs=2, batch_size=2)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0].stopped == "completed"
    assert inside.parameters.vector.tobytes() == outside.parameters.vector.tobytes()
