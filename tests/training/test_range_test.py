"""A range test finds where learning is fast and where it breaks, and leaves the network as it is."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from bpframe_optimizers import Adam, ClipValue, Cosine, Momentum
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_regularisation import Dropout

import bpframe as bp
from bpframe.errors import DataError, SpecError
from bpframe.training.range_test import RangeTest, smoothed_costs
from tests.network.networks import chain, samples

X, Y = samples(60)
RULE = GradientDescent(learning_rate=0.1)


def line() -> bp.Network:
    """One weight and ½ (w x − y)² with x = 1: steps contract by |1 − η|, so that all beyond η = 2 diverges."""
    net = bp.Network([Dense(units=1)], cost=QuadraticCost(), input_shape=(1,), seed=1, frozen="*.b")
    net.parameters["dense_1.w"][:] = 5.0
    net.frozen_parameters["dense_1.b"][:] = 0.0
    return net


def test_costs_are_those_of_the_steps_and_rates_rise_evenly() -> None:
    found = line().range_test(np.ones((8, 1)), np.zeros((8, 1)), optimizer=RULE, smallest=0.01, largest=1.0, steps=21)
    np.testing.assert_allclose(found.rates, np.geomspace(0.01, 1.0, 21), rtol=1e-13)
    w, expected = 5.0, []
    for rate in found.rates:
        expected.append(0.5 * w**2)
        w -= rate * w
    np.testing.assert_allclose(found.costs, expected, rtol=1e-12)
    weights = 0.9 ** np.arange(21)[::-1]
    assert found.smoothed[-1] == pytest.approx(np.average(expected, weights=weights), rel=1e-12)
    assert found.stopped == "completed"
    falls = -np.diff(found.smoothed)
    assert falls.argmax() <= np.searchsorted(found.rates, found.suggestion) <= falls.argmax() + 1


def test_it_stops_where_it_diverges_and_suggests_what_is_stable() -> None:
    found = line().range_test(np.ones((8, 1)), np.zeros((8, 1)), optimizer=RULE, smallest=1e-3, largest=1e3, steps=120)
    assert found.stopped == "diverged"
    assert 2 < found.rates[-1] < 1e3
    assert found.suggestion is not None
    assert 0.01 < found.suggestion < 2


def test_a_cost_that_is_no_number_ends_it() -> None:
    net = line()
    net.parameters["dense_1.w"][:] = 1e150
    found = net.range_test(np.ones((8, 1)), np.zeros((8, 1)), optimizer=RULE, smallest=1e10, largest=1e250, steps=9)
    assert found.stopped == "not finite"
    assert np.isfinite(found.costs).all()


def test_the_network_its_streams_and_its_optimizer_stay_as_they_are() -> None:
    layers = [Dense(units=4), Dropout(rate=0.5), Dense(units=2)]
    net = bp.Network(layers, cost=QuadraticCost(), input_shape=(3,), seed=3)
    net.fit(X, Y, optimizer=Adam(), epochs=1)
    other, state = deepcopy(net), net.optimizer_state
    net.range_test(X, Y, optimizer=Momentum(), steps=20)
    assert net.parameters.vector.tobytes() == other.parameters.vector.tobytes()
    assert net.optimizer_state == state
    assert net.history == other.history
    for each in (net, other):
        each.fit(X, Y, optimizer=Adam(), epochs=2)
    assert net.parameters.vector.tobytes() == other.parameters.vector.tobytes()


def test_it_is_the_same_the_second_time_whatever_rate_the_optimizer_has() -> None:
    one, other = (
        chain().range_test(X, Y, optimizer=ClipValue(value=1.0, optimizer=Adam(learning_rate=rate)), steps=15)
        for rate in (0.1, Cosine(start=0.3, over=5))
    )
    np.testing.assert_array_equal(one.costs, other.costs)


def test_no_rate_follows_where_the_cost_does_not_fall() -> None:
    found = chain().range_test(X, Y, optimizer=RULE, smallest=1e-12, largest=1e-11, steps=5, batch_size=60)
    assert found.suggestion is None


def test_smoothing_is_a_mean_with_fading_weights() -> None:
    np.testing.assert_allclose(smoothed_costs(np.full(5, 3.0)), 3.0)
    assert not smoothed_costs(np.array([])).size


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"optimizer": LBFGS()}, SpecError, "has no learning rate"),
        ({"optimizer": RULE, "smallest": 1.0, "largest": 0.1}, DataError, "do not rise"),
        ({"optimizer": RULE, "smallest": 0.0}, DataError, "smallest is no learning rate"),
        ({"optimizer": RULE, "largest": float("nan")}, DataError, "largest is no learning rate"),
        ({"optimizer": RULE, "steps": 1}, DataError, "too few"),
        ({"optimizer": RULE, "groups": {"*.b": {"learning_rate": 1.0}}}, SpecError, "learning rates of their own"),
    ],
)
def test_what_cannot_be_tested_is_refused(fields: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        chain().range_test(X, Y, **fields)


def test_it_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = chain().range_test(X, Y, optimizer=RULE, steps=20)
    figure = found.plot(tmp_path / "rates.svg")
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert (tmp_path / "rates.svg").stat().st_size > 1000


def test_noise_of_the_first_batches_is_taken_for_no_fall() -> None:
    costs = np.concatenate([[2.0, 0.5], np.full(48, 2.0), np.linspace(2.0, 0.2, 20), np.linspace(0.2, 4.0, 30)])
    found = RangeTest(np.geomspace(1e-6, 10.0, 100), costs, smoothed_costs(costs), "completed")
    assert found.suggestion is not None
    assert found.rates[50] < found.suggestion < found.rates[72]


def test_noise_that_is_larger_than_what_a_step_gains_does_not_lead_the_suggestion() -> None:
    rates, suggested = np.geomspace(1e-6, 10.0, 100), []
    for seed in range(20):
        level = 1.3 / (1 + (np.arange(100) / 55) ** 8)
        costs = level * (1 + 0.3 * np.random.default_rng(seed).standard_normal(100))
        suggested.append(RangeTest(rates, costs, smoothed_costs(costs), "completed").suggestion)
    assert all(found is not None and rates[40] < found < rates[75] for found in suggested)


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_a_cost_that_only_rises_suggests_nothing_below_0_too(level: float) -> None:
    costs = level + np.linspace(0.0, 1.0, 30)
    assert RangeTest(np.geomspace(1e-6, 10.0, 30), costs, smoothed_costs(costs), "completed").suggestion is None
    falling = RangeTest(np.geomspace(1e-6, 10.0, 30), -costs, smoothed_costs(-costs), "completed")
    assert falling.suggestion is not None
