"""L-BFGS: SciPy's method on a network, with ends of its own."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from bpframe_reference import Dense, GradientDescent, QuadraticCost, ScaledNormal, Sigmoid

import bpframe as bp
from bpframe.cli.app import app
from bpframe.documents import parse_spec
from bpframe.extend import Activation, Diagonal
from tests.components.activations import Logarithm


def network(dtype="float64", units=4, seed=0):
    layers = [Dense(units=units), Sigmoid(), Dense(units=1)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), dtype=dtype, seed=seed)


def samples(count=40, dtype="float64", noise=0.1):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (count, 2))
    return x.astype(dtype), (np.sin(2 * x[:, :1]) * x[:, 1:] + noise * rng.standard_normal((count, 1))).astype(dtype)


def ridge():
    """A linear least-squares problem, with one minimum."""
    net = bp.Network([Dense(units=1)], cost=QuadraticCost(), input_shape=(2,))
    x, y = samples()
    design = np.hstack([x, np.ones((len(x), 1))])
    return net, (x, y), np.linalg.lstsq(design, y[:, 0], rcond=None)[0]


def test_a_linear_network_comes_to_the_least_squares_solution():
    net, data, solution = ridge()
    history = net.fit(*data, optimizer=LBFGS(min_gradient=1e-12), epochs=200)
    np.testing.assert_allclose(net.parameters.vector, solution, rtol=1e-8)
    assert history.stopped in ("gradient below 1e-12", "the cost falls no further")
    assert len(history) < 20


def test_it_goes_scipys_way():
    from scipy.optimize import minimize

    net, hand, data = network(), network(), samples()

    def value(theta):
        hand.parameters.vector[:] = theta
        return hand.cost(*data), hand.gradient(*data).vector.copy()

    options = {"maxcor": 5, "maxiter": 30, "ftol": 0, "gtol": 0}
    found = minimize(value, hand.parameters.vector.copy(), jac=True, method="L-BFGS-B", options=options)
    history = net.fit(*data, optimizer=LBFGS(memory=5), epochs=30)
    assert (history.stopped, len(history)) == ("completed", 30)
    np.testing.assert_allclose(net.parameters.vector, found.x, rtol=1e-6)
    assert history.epochs[-1].cost == pytest.approx(found.fun, rel=1e-10)


def test_it_is_ahead_of_gradient_descent():
    net, other, data = network(), network(), samples(noise=0)
    history = net.fit(*data, optimizer=LBFGS(), epochs=60)
    best = min(
        network()
        .fit(*data, optimizer=GradientDescent(learning_rate=rate), epochs=200, batch_size=40)
        .column("cost")[-1]
        for rate in (0.1, 0.3, 1.0)
    )
    assert other.cost(*data) > best > 5 * history.column("cost")[-1]
    assert history.steps < 150


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_ends_by_itself_and_at_the_lowest_cost(dtype):
    net, data = network(dtype), samples(20, dtype)
    history = net.fit(*data, optimizer=LBFGS(tolerance=1e-5), epochs=5000)
    costs = history.column("cost")
    assert history.stopped == "the cost falls by less than 1e-05 of itself"
    assert net.parameters.vector.dtype == dtype
    assert costs == sorted(costs, reverse=True)
    assert net.cost(*data) == pytest.approx(costs[-1], rel=1e-5)
    assert len(history.column("gradient_norm")) == len(history) < 2000


def test_a_start_at_the_minimum_stays_there():
    net, data, solution = ridge()
    net.parameters.vector[:] = solution
    history = net.fit(*data, optimizer=LBFGS(), epochs=5)
    assert (history.stopped, len(history), history.steps) == ("gradient below 1e-07", 0, 0)
    assert np.array_equal(net.parameters.vector, solution)


def test_float32_ends_where_its_rounding_does():
    net, data = network("float32"), samples(20, "float32")
    history = net.fit(*data, optimizer=LBFGS(min_gradient=0), epochs=20_000)
    assert history.stopped in ("the cost falls no further", "no lower cost along the line of search")
    assert net.cost(*data) < 0.3 * network("float32").cost(*data)


def test_equal_runs_give_equal_bytes():
    first, second = network(), network()
    for net in (first, second):
        net.fit(*samples(), optimizer=LBFGS(), epochs=20)
    assert first.parameters.vector.tobytes() == second.parameters.vector.tobytes()


def test_validation_ends_it_at_the_best_parameters():
    net, data, held_back = network(units=12), samples(12), samples(50)
    history = net.fit(*data, optimizer=LBFGS(max_fail=4), epochs=2000, validation_data=held_back)
    assert history.stopped == "no lower validation cost for 4 iterations"
    assert net.cost(*held_back) == pytest.approx(min(history.column("validation_cost")), rel=1e-12)


def test_the_search_turns_back_from_numbers_that_are_not_finite():
    """ln(w x) with w near zero: full steps lead below zero."""
    layers = [Dense(units=1, bias=False, weights=ScaledNormal()), Logarithm()]
    net = bp.Network(layers, cost=QuadraticCost(), input_shape=(1,))
    net.parameters.vector[:] = 5.0
    x = np.linspace(1, 2, 9)[:, None]
    history = net.fit(x, np.log(0.01 * x), optimizer=LBFGS(min_gradient=1e-9), epochs=200)
    np.testing.assert_allclose(net.parameters.vector, 0.01, rtol=1e-6)
    assert history.steps > len(history)


class Backwards(Activation):
    """A Jacobian of the wrong sign, along which no cost is lower."""

    def forward(self, x):
        return x

    def jacobian(self, x):
        return Diagonal(-np.ones_like(x))


def test_a_search_that_fails_leaves_the_point_that_it_began_at():
    net = bp.Network([Dense(units=1), Backwards()], cost=QuadraticCost(), input_shape=(2,))
    before = net.parameters.vector.copy()
    history = net.fit(*samples(), optimizer=LBFGS(), epochs=20)
    assert (history.stopped, len(history)) == ("no lower cost along the line of search", 0)
    assert history.steps > 1
    assert np.array_equal(net.parameters.vector, before)


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_an_interrupt_keeps_the_best_that_was_reached():
    class Noting(LBFGS):
        def minimize(self, problem):
            os.kill(os.getpid(), signal.SIGINT)
            super().minimize(problem)

    net, one, data = network(), network(), samples()
    history = net.fit(*data, optimizer=Noting(), epochs=10**6)
    assert (history.stopped, len(history)) == ("interrupted", 1)
    one.fit(*data, optimizer=LBFGS(), epochs=1)
    assert np.array_equal(net.parameters.vector, one.parameters.vector)


def test_a_spec_names_it_and_the_command_says_why_it_ended(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    x, y = samples()
    np.savez("points.npz", x=x, y=y)
    text = """
network:
  input_shape: [2]
  layers: [{kind: dense, units: 3}, {kind: sigmoid}, {kind: dense, units: 1}]
  cost: {kind: quadratic}
training: {optimizer: {kind: lbfgs, tolerance: 1.0e-3}, epochs: 500}
data: {kind: npz, path: points.npz, test_count: 8, one_hot: false}
"""
    (tmp_path / "spec.yaml").write_text(text)
    assert parse_spec(text).training.optimizer == LBFGS(tolerance=1e-3)
    result = CliRunner().invoke(app, ["train", "spec.yaml", "-o", "run"])
    assert result.exit_code == 0, result.output
    assert "the cost falls by less than 0.001 of itself" in result.stdout
    loaded = bp.load("run")
    assert loaded.training.optimizer == LBFGS(tolerance=1e-3)
    told = json.loads(CliRunner().invoke(app, ["train", "spec.yaml", "--json"]).stdout)
    assert told["stopped"] == loaded.history.stopped
    assert loaded.history.column("validation_cost") == []  # the test part must not say when to stop
    assert told["test"]["examples"] == 8
