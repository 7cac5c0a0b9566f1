"""A component that reads what changes elsewhere is found out, and called from then on."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.errors import StaleRecordWarning
from bpframe.execution.staleness import FIRST_CHECK, MOST_PASSES, next_check
from bpframe.extend import Activation, Diagonal, Optimizer
from bpframe.updates import Updater
from tests.contract.cases import CASES

settings = {"scale": 1.0, "rate": 0.1}


class Scaled(Activation):
    """y = k x, where k belongs to the module."""

    def forward(self, x):
        return settings["scale"] * x

    def jacobian(self, x):
        return Diagonal(np.full_like(x, settings["scale"]))


class SaidSo(Scaled):
    has_effects: ClassVar[bool] = True


class Scheduled(Optimizer):
    """Descends at the module's rate."""

    elementwise: ClassVar[bool] = True

    def update(self, gradient):
        return -settings["rate"] * gradient


@pytest.fixture(autouse=True)
def as_before():
    settings.update(scale=1.0, rate=0.1)


def network(component):
    return bp.Network([Dense(units=3), component], cost=QuadraticCost(), input_shape=(2,), seed=0)


X, Y = np.ones((4, 2)), np.ones((4, 3))


def gradients(net, passes):
    return [net.gradient(X, Y).vector.copy() for _ in range(passes)]


def test_a_component_that_reads_a_changing_number_is_named_and_called_from_then_on() -> None:
    net = network(Scaled())
    gradients(net, 6)
    settings["scale"] = 2.0
    with pytest.warns(StaleRecordWarning, match=r"layers\[1\] 'scaled_1' \(scaled\).*has_effects"):
        gradients(net, 40)
    after = gradients(net, 1)[0]
    np.testing.assert_array_equal(after, network(Scaled()).gradient(X, Y).vector)
    settings["scale"] = 3.0
    np.testing.assert_array_equal(gradients(net, 1)[0], network(Scaled()).gradient(X, Y).vector)
    (program,) = net._engine._programs.values()
    assert set(program.direct) == {"scaled_1"}


def test_predictions_too() -> None:
    net = network(Scaled())
    for _ in range(6):
        net.predict(X)
    settings["scale"] = 2.0
    with pytest.warns(StaleRecordWarning):
        found = [net.predict(X) for _ in range(40)]
    np.testing.assert_array_equal(found[-1], network(Scaled()).predict(X))


def test_an_optimizer_whose_rate_changes_elsewhere() -> None:
    net = network(Dense(units=3))
    updater = Updater(Scheduled(), net._engine.parameters.vector, net._engine.gradient.vector)

    def train():
        for number in range(40):
            settings["rate"] = 0.1 / (1 + number // 10)
            net._engine.differentiate({"x": X}, {"dense_2": Y}, training=True)
            before, gradient = net.parameters.vector.copy(), net._engine.gradient.vector.copy()
            updater.apply()
            if number > 16:
                expected = before - settings["rate"] * gradient
                np.testing.assert_allclose(net.parameters.vector, expected, rtol=1e-14)

    with pytest.warns(StaleRecordWarning, match=r"optimizer 'scheduled'"):
        train()


def test_who_says_so_is_never_stale() -> None:
    net = network(SaidSo())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(60):
            settings["scale"] = 1.0 + number
            found = gradients(net, 1)[0]
            np.testing.assert_array_equal(found, network(SaidSo()).gradient(X, Y).vector)


def test_looks_become_rare() -> None:
    looks, passes = [], FIRST_CHECK
    while passes < 40_000:
        looks.append(passes)
        passes = next_check(passes)
    assert looks[:5] == [16, 64, 256, 1024, 4096]
    assert all(b - a == MOST_PASSES for a, b in pairwise(looks[5:]))


def test_a_look_changes_nothing() -> None:
    """Values, gradients and random numbers go on as if nobody had looked."""
    for case in CASES:
        one, other = case.trainable(), case.trainable()
        x, y = case.x(4), np.ones((4, 2))
        for number in range(20):
            ours = one.gradient(x, y, training=True).vector
            if number >= FIRST_CHECK:
                for program in other._engine._programs.values():
                    program._next_check = 0  # never again
            np.testing.assert_array_equal(ours, other.gradient(x, y, training=True).vector, err_msg=case.name)
            assert one.predict(x).tobytes() == other.predict(x).tobytes()


class Hesitant(Activation):
    """Looks at the numbers from some day on."""

    def forward(self, x):
        return x * (float(x[0, 0]) if settings["scale"] > 1 else 1.0)

    def jacobian(self, x):
        return Diagonal(np.full_like(x, float(x[0, 0]) if settings["scale"] > 1 else 1.0))


def test_only_what_has_changed_is_named() -> None:
    layers = [Dense(units=3), SaidSo(), Hesitant()]
    net = bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), seed=0)
    gradients(net, 6)
    settings["scale"] = 2.0
    with pytest.warns(StaleRecordWarning) as caught:
        gradients(net, 40)
    (warning,) = caught
    assert "hesitant_1" in str(warning.message)
    assert "said_so" not in str(warning.message)
