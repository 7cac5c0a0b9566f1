"""Levenberg–Marquardt and Gauss–Newton do not depend on the units of parameters, and see what damping hides."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_minimizers import GaussNewton, LevenbergMarquardt
from bpframe_reference import QuadraticCost

from bpframe import Network
from tests.curve_fitting.formulas import formula

X = np.linspace(0, 4, 40)[:, None]
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + 0.02 * np.random.default_rng(5).normal(size=X.shape)


def decay(x, a, k, c):
    return a * np.exp(-k * x) + c


def run(f, start, x, y, optimizer, epochs=200):
    network = Network([formula(f, start)], input_shape=(1,), cost=QuadraticCost())
    history = network.fit(x, y, optimizer=optimizer, epochs=epochs, progress=False)
    return network, history


METHODS = {
    "columns": LevenbergMarquardt(min_gradient=0),
    "start": LevenbergMarquardt(min_gradient=0, scaling="start"),
    "accelerated": LevenbergMarquardt(min_gradient=0, scaling="start", acceleration=0.75),
    "qr": LevenbergMarquardt(min_gradient=0, solver="qr"),
    "gauss_newton": GaussNewton(min_gradient=0),
}


@pytest.mark.parametrize("units", [(1e12, 1e-7, 1), (1e-12, 1e12, 1e6)], ids=str)
@pytest.mark.parametrize("method", METHODS)
def test_the_way_is_the_same_in_other_units(method, units):
    one, other, third = units
    plain, first = run(decay, (1, 1, 0.1), X, Y, METHODS[method])
    scaled, second = run(
        lambda x, a, k, c: decay(x, a / one, k / other, c / third), (one, other, 0.1 * third), X, Y, METHODS[method]
    )
    np.testing.assert_allclose(scaled.parameters.vector, plain.parameters.vector * units, rtol=1e-7)
    assert abs(len(first) - len(second)) <= 1
    np.testing.assert_allclose(first.column("cost")[:5], second.column("cost")[:5], rtol=1e-9)


@pytest.mark.parametrize("solver", ["auto", "normal", "qr", "lsmr"])
@pytest.mark.parametrize("shift", [1.7e9, 1.7e18], ids=str)
def test_a_line_far_from_zero_is_reached_by_every_solver(shift, solver):
    x = shift * (1 + 3.5e-8 * np.linspace(0, 1, 60)[:, None])
    y = 3 + 2 * np.linspace(0, 1, 60)[:, None] + 0.01 * np.random.default_rng(0).normal(size=(60, 1))
    optimizer = LevenbergMarquardt(min_gradient=0, solver=solver)
    network, _ = run(lambda x, a, b: a + b * x, (1, 1), x, y, optimizer, epochs=500)
    slope = np.polyfit((x - x.mean())[:, 0], y[:, 0], 1)[0]
    assert network.parameters.vector[1] == pytest.approx(slope, rel=1e-6)


def test_a_start_in_its_own_units_leads_where_columns_lead_astray():
    y = 200 * (1 - np.exp(-0.5 * X)) + np.random.default_rng(1).normal(size=X.shape)

    def saturation(x, a, b):
        return a * (1 - np.exp(-b * x))

    right, _ = run(saturation, (150, 0.4), X + 1, y, METHODS["columns"])
    astray, _ = run(saturation, (1, 10), X + 1, y, METHODS["columns"])
    network, _ = run(saturation, (1, 10), X + 1, y, METHODS["start"])
    assert astray.parameters.vector[1] > 5
    np.testing.assert_allclose(network.parameters.vector, right.parameters.vector, rtol=1e-6)


def test_parameters_that_start_at_zero_have_the_units_of_their_columns():
    network, _ = run(decay, (1, 1, 0), X, Y, METHODS["start"])
    other, _ = run(decay, (1, 1, 0), X, Y, METHODS["columns"])
    np.testing.assert_allclose(network.parameters.vector, other.parameters.vector, rtol=1e-8)


def test_near_the_minimum_the_undamped_step_is_the_last():
    network, history = run(decay, (1, 1, 0), X, Y, METHODS["columns"])
    damping = history.column("damping")
    assert damping[-1] == 0
    assert min(damping[:-1]) > 0
    assert "of itself" in history.stopped
    assert np.linalg.norm(network.gradient(X, Y).vector) < 1e-13
