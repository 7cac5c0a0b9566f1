"""Levenberg–Marquardt and Gauss–Newton where residuals are singular, flat, few, straight or not finite."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_minimizers import GaussNewton, LevenbergMarquardt
from bpframe_reference import Dense, QuadraticCost
from scipy.optimize import minimize

from bpframe import Network
from bpframe.extend import Diagonal, Layer, Parameter
from tests.trials.huber import HuberCost

from .test_levenberg_marquardt import fit, sinc


@pytest.mark.parametrize("solver", ["normal", "qr", "lsmr", "auto"])
def test_inputs_that_repeat_one_another_are_no_hindrance(solver) -> None:
    rng = np.random.default_rng(4)
    column = rng.standard_normal((30, 1))
    x, y = np.hstack([column, column, 0 * column]), np.sin(2 * column)
    network = Network([Dense(units=4), Tanh(), Dense(units=1)], input_shape=(3,), cost=QuadraticCost(), seed=0)
    history = fit(network, x, y, epochs=60, solver=solver, min_gradient=1e-6)
    assert network.cost(x, y) < 1e-3
    assert np.isfinite(network.parameters.vector).all()
    assert len(history)


def test_fewer_residuals_than_parameters_are_met_exactly() -> None:
    network, x, y = sinc(1, 10)
    history = fit(network, x, y, epochs=60, min_gradient=1e-12)
    assert network.cost(x, y) < 1e-20
    assert history.stopped.startswith("gradient of length")


class Constant(Layer):
    """A number that no parameter changes."""

    def output_shape(self, shape):
        return shape

    def parameters(self):
        return {"unused": Parameter((2,), init=1.0)}

    def forward(self, x, p):
        return x

    def jacobian(self, x, p):
        return {"x": Diagonal(np.ones_like(x)), "unused": np.zeros((1, *x.shape[1:], 2), x.dtype)}


def test_residuals_that_no_parameter_changes_end_at_once_with_a_reason() -> None:
    network = Network([Constant()], input_shape=(1,), cost=QuadraticCost())
    x = np.ones((5, 1))
    history = fit(network, x, 2 * x)
    assert history.stopped == "gradient of length 0, at most 1e-07"
    np.testing.assert_array_equal(network.parameters["constant_1.unused"], 1.0)


def test_at_a_minimum_with_residuals_the_cost_cannot_fall_and_it_says_so() -> None:
    network = Network([Dense(units=1)], input_shape=(1,), cost=QuadraticCost(), seed=0)
    x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([[1.0], [0.0], [3.0], [2.0]])
    history = fit(network, x, y, min_gradient=0)
    slope, intercept = np.polyfit(x[:, 0], y[:, 0], 1)
    np.testing.assert_allclose(network.parameters.vector, [slope, intercept], rtol=1e-12)
    assert history.stopped == "the cost cannot fall by more than 2e-16 of itself"
    assert len(history) < 20


#: Every b at which Power was asked.
TRIED: list[float] = []


class Power(Layer):
    """a x^b; NaN beyond a wall in b."""

    wall: float = 3.0

    def output_shape(self, shape):
        return shape

    def parameters(self):
        return {"a": Parameter((), init=1.0), "b": Parameter((), init=0.1)}

    def forward(self, x, p):
        TRIED.append(float(p["b"]))
        value = p["a"] * x ** p["b"]
        return value if p["b"] < self.wall else np.full_like(value, np.nan)

    def jacobian(self, x, p):
        power = x ** p["b"]
        return {"x": Diagonal(p["a"] * p["b"] * power / x), "a": power, "b": p["a"] * power * np.log(x)}


@pytest.mark.parametrize("method", [LevenbergMarquardt, GaussNewton])
def test_a_trial_step_to_nan_is_not_taken(method) -> None:
    x = np.linspace(1, 3, 9)[:, None]
    network = Network([Power()], input_shape=(1,), cost=QuadraticCost())
    TRIED.clear()
    fields = {"damping": 1e-9} if method is LevenbergMarquardt else {}
    history = fit(network, x, 2 * x**2.5, epochs=100, method=method, min_gradient=1e-10, **fields)
    assert max(TRIED) >= 3.0  # it did try
    np.testing.assert_allclose(network.parameters.vector, [2, 2.5], rtol=1e-8)
    assert np.isfinite(history.column("cost")).all()


def test_float32_networks_stay_float32_and_reach_its_precision() -> None:
    for solver in ("auto", "qr"):
        network, x, y = sinc(2, 100, "float32")
        history = fit(network, x, y, epochs=100, solver=solver)
        assert network.parameters.vector.dtype == np.float32
        assert np.mean((network.predict(x) - y) ** 2) < 1e-4
        assert np.isfinite(history.column("damping")).all()


def test_a_cost_with_straight_sides_is_minimised_too() -> None:
    x = np.linspace(-1, 1, 21)[:, None]
    y = 3 * x + 1
    y[3], y[17] = 40, -30  # outliers, where the cost has a slope and no curvature
    network = Network([Dense(units=1)], input_shape=(1,), cost=HuberCost(), seed=0)

    def cost(theta):
        network.parameters.vector[...] = theta
        return network.cost(x, y)

    found = minimize(cost, [3.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14})
    network.parameters.vector[...] = [-8.0, 9.0]
    fit(network, x, y, epochs=200)
    assert network.cost(x, y) == pytest.approx(found.fun, rel=1e-10)
