"""What reads numbers that change elsewhere is called every time; who vouches for it wrongly is found out."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.errors import StaleRecordError
from bpframe.extend import Activation, Diagonal
from bpframe.replay.schedule import FIRST_CHECK, MOST_PASSES, next_check
from tests.contract.cases import CASES
from tests.passes import evaluations, programs

settings = {"scale": 1.0}
SCALE = 1.0


class Scaled(Activation):
    """y = k x, where k belongs to the module."""

    def forward(self, x):
        return settings["scale"] * x

    def jacobian(self, x):
        return Diagonal(np.full_like(x, settings["scale"]))


class Vouched(Scaled):
    pure: ClassVar[bool | None] = True


class Constant(Activation):
    """y = k x, where k is a name of the module."""

    def forward(self, x):
        return SCALE * x

    def jacobian(self, x):
        return Diagonal(np.full_like(x, SCALE))


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    settings.update(scale=1.0)
    monkeypatch.setitem(globals(), "SCALE", 1.0)


def network(component):
    return bp.Network([Dense(units=3), component], cost=QuadraticCost(), input_shape=(2,), seed=0)


X, Y = np.ones((4, 2)), np.ones((4, 3))


def test_a_number_that_changes_elsewhere_counts_at_once() -> None:
    net = network(Scaled())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(60):
            settings["scale"] = 1.0 + number
            np.testing.assert_array_equal(net.gradient(X, Y).vector, network(Scaled()).gradient(X, Y).vector)
            np.testing.assert_array_equal(net.predict(X), network(Scaled()).predict(X))
    for program in programs(net):
        assert "settings" in program.direct["scaled_1"]


def test_a_constant_of_the_module_is_repeated_until_it_is_replaced(monkeypatch) -> None:
    net = network(Constant())
    for _ in range(30):
        net.gradient(X, Y), net.predict(X)
    assert all(each.is_bound and not each.direct for each in programs(net))
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    for number in range(30):
        np.testing.assert_array_equal(net.gradient(X, Y).vector, network(Constant()).gradient(X, Y).vector)
        np.testing.assert_array_equal(net.predict(X), network(Constant()).predict(X))
        monkeypatch.setitem(globals(), "SCALE", 2.0 + number)
    assert all("SCALE" in each.direct["constant_1"] for each in evaluations(net) if each.is_bound)


def test_who_vouches_wrongly_is_an_error_in_training_with_the_last_good_parameters() -> None:
    net = network(Vouched())
    known = []

    def steps(count):
        for _ in range(count):
            known.append(net.parameters.vector.copy())
            net.fit(X, Y, optimizer=GradientDescent(learning_rate=0.01), epochs=1, batch_size=4, shuffle=False)

    steps(20)  # the look at pass 16 agreed, or one nearby
    settings["scale"] = 2.0
    with pytest.raises(StaleRecordError, match=r"layers\[1\] 'vouched_1' \(vouched\)"):
        steps(200)
    kept = net.parameters.vector
    assert any(np.array_equal(kept, each) for each in known[:21])
    steps(3)  # from here on it is called


def test_single_steps_that_were_wrong_leave_the_last_good_parameters_too() -> None:
    net, rule, known = network(Vouched()), GradientDescent(learning_rate=0.01), []

    def steps(count):
        for _ in range(count):
            known.append(net.parameters.vector.copy())
            net.train_step(X, Y, optimizer=rule)

    steps(20)
    settings["scale"] = 2.0
    with pytest.raises(StaleRecordError, match="the last step at which all agreed"):
        steps(200)
    assert any(np.array_equal(net.parameters.vector, each) for each in known[:21])
    steps(3)


def test_who_vouches_wrongly_is_computed_anew_in_an_evaluation() -> None:
    net = network(Vouched())
    for _ in range(30):
        net.predict(X)
    settings["scale"] = 2.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [net.predict(X) for _ in range(400)]
    np.testing.assert_array_equal(found[-1], network(Vouched()).predict(X))


def test_looks_are_irregular_and_become_rare() -> None:
    looks, passes = [], FIRST_CHECK
    while passes < 100_000:
        looks.append(passes)
        passes = next_check(passes)
    gaps = [b - a for a, b in pairwise(looks)]
    assert all(0 < gap <= min(3 * a, MOST_PASSES) + 1 for a, gap in zip(looks, gaps, strict=False))
    assert len({gap % 2 for gap in gaps}) == 2
    assert len(set(gaps)) > len(gaps) // 2
    assert len(looks) < 60


def test_a_look_changes_nothing() -> None:
    """Values, gradients and random numbers go on as if nobody had looked."""
    for case in CASES:
        one, other = case.trainable(), case.trainable()
        x, y = case.x(4), np.ones((4, 2))
        for number in range(20):
            ours = one.gradient(x, y, training=True).vector
            if number >= FIRST_CHECK:
                for program in programs(other):
                    program._next_check = 0  # never again
            np.testing.assert_array_equal(ours, other.gradient(x, y, training=True).vector, err_msg=case.name)
            assert one.predict(x).tobytes() == other.predict(x).tobytes()


class Hesitant(Activation):
    """Vouches, and looks at the numbers from some day on."""

    pure: ClassVar[bool | None] = True

    def forward(self, x):
        return x * (float(x[0, 0]) if settings["scale"] > 1 else 1.0)

    def jacobian(self, x):
        return Diagonal(np.full_like(x, float(x[0, 0]) if settings["scale"] > 1 else 1.0))


def test_only_what_has_changed_is_named() -> None:
    layers = [Dense(units=3), Scaled(), Hesitant()]
    net = bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), seed=0)
    rate = GradientDescent(learning_rate=0.01)
    net.fit(X, Y, optimizer=rate, epochs=6, batch_size=4)
    settings["scale"] = 2.0
    with pytest.raises(StaleRecordError) as caught:
        net.fit(X, Y, optimizer=rate, epochs=100, batch_size=4)
    assert "hesitant_1" in str(caught.value)
    assert "'scaled_1'" not in str(caught.value)
