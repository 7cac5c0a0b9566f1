"""A length is planned once while it is among the last few, threads run several at once, and a training has them all."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.core.backprop.plan import Plan
from bpframe.errors import ConcurrencyError
from bpframe.shapes import open_engine
from bpframe.shapes.open_engine import KEPT_SHAPES

from .networks import Copied, chain, plain, samples


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[Plan]]:
    """Weak references to the plans that are made from here on."""
    made: list[weakref.ref[Plan]] = []
    plan = open_engine.planned

    def counted(graph):
        found = plan(graph)
        made.append(weakref.ref(found))
        return found

    monkeypatch.setattr(open_engine, "planned", counted)
    return made


def test_no_plan_is_made_before_a_length_comes(planned):
    assert plain().parameters.vector.size
    assert planned == []


def test_a_length_is_planned_once_for_all_methods_and_batch_sizes(planned):
    net = plain()
    x, y = samples(4)
    net.predict(x)
    net.predict(x[:2])
    net.gradient(x, y)
    net.jacobian(x)
    net.hvp(x, y, net.parameters.vector)
    net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=2, validation_data=(x, y), progress=False)
    net.check_gradients(x, y, per_parameter=1)
    net.trace(x)
    assert len(planned) == 1


def test_as_many_lengths_are_kept_as_documented_and_the_one_used_longest_ago_goes(planned):
    net = plain()
    for _ in range(3):
        for length in range(1, KEPT_SHAPES + 1):
            net.predict(np.ones((2, length, 2)))
    assert len(planned) == KEPT_SHAPES
    net.predict(np.ones((2, 1, 2)))  # now 2 is the one used longest ago
    net.predict(np.ones((2, 100, 2)))
    assert len(planned) == KEPT_SHAPES + 1
    net.predict(np.ones((2, 1, 2)))
    assert len(planned) == KEPT_SHAPES + 1
    net.predict(np.ones((2, 2, 2)))
    assert len(planned) == KEPT_SHAPES + 2


def test_plans_that_are_let_go_of_are_gone_with_all_that_passes_kept(planned):
    net = plain()
    for length in range(1, 41):
        x, y = samples(length)
        net.predict(x)
        net.gradient(x, y)
        net.train_step(x, y, optimizer=GradientDescent(learning_rate=0.01))
    gc.collect()
    assert len(planned) == 40
    assert sum(each() is not None for each in planned) <= KEPT_SHAPES
    lanes = net._engine.held.gate.lanes
    assert len(lanes) <= KEPT_SHAPES + 1


def test_threads_evaluate_several_lengths_at_once_to_the_byte():
    net = chain()
    lengths = [1 + each % (KEPT_SHAPES + 3) for each in range(200)]
    expected = {length: net.predict(samples(length)[0]) for length in set(lengths)}
    gradients = {length: net.gradient(*samples(length)).vector for length in set(lengths)}

    def right(length):
        x, y = samples(length)
        predicted = net.predict(x).tobytes() == expected[length].tobytes()
        return predicted and net.gradient(x, y).vector.tobytes() == gradients[length].tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(right, lengths))


class Waits(Copied):
    """Stays in a forward of length 3 until it is told to go on."""

    def forward(self, x):
        if x.shape[1] == 3 and waiting.is_set():
            entered.set()
            go_on.wait(60)
        return 1 * x


waiting, entered, go_on = threading.Event(), threading.Event(), threading.Event()


@pytest.fixture
def held() -> bp.Network:
    for each in (waiting, entered, go_on):
        each.clear()
    return bp.Network([Dense(units=2), Waits()], cost=QuadraticCost(), input_shape=(None, 2))


def test_a_training_at_one_length_shuts_out_evaluations_and_trainings_at_others(held):
    optimizer = GradientDescent(learning_rate=0.1)
    waiting.set()
    thread = threading.Thread(target=lambda: held.fit(*samples(3), optimizer=optimizer, epochs=1, progress=False))
    thread.start()
    assert entered.wait(60)
    for use in (
        lambda: held.predict(samples(5)[0]),
        lambda: held.closed((5, 2)).predict(samples(5)[0]),
        lambda: held.hvp(*samples(5), held.parameters.vector),
        lambda: held.fit(*samples(5), optimizer=optimizer, epochs=1, progress=False),
        lambda: held.train_step(*samples(5), optimizer=optimizer),
    ):
        with pytest.raises(ConcurrencyError):
            use()
    go_on.set()
    thread.join()
    held.predict(samples(5)[0])


def test_a_training_waits_for_evaluations_at_other_lengths(held):
    waiting.set()
    evaluating = threading.Thread(target=lambda: held.predict(samples(3)[0]))
    evaluating.start()
    assert entered.wait(60)
    before = held.parameters.vector.copy()
    optimizer = GradientDescent(learning_rate=0.1)
    training = threading.Thread(target=lambda: held.fit(*samples(5), optimizer=optimizer, epochs=1, progress=False))
    training.start()
    training.join(0.2)
    assert training.is_alive()
    assert held.parameters.vector.tobytes() == before.tobytes()
    go_on.set()
    training.join()
    evaluating.join()
    assert held.parameters.vector.tobytes() != before.tobytes()
