"""Fits agree with scipy.optimize.curve_fit and with closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_minimizers import LBFGS
from bpframe_reference import Dense, QuadraticCost
from scipy.optimize import curve_fit
from scipy.stats import norm, t

import bpframe as bp
from bpframe import Network, node
from bpframe.curve_fitting import covariance
from bpframe.curve_fitting.fit_summary import value_row
from tests.curve_fitting.formulas import SIGMA, Decay, DraftDecay, Powers, X, Y, decay, decay_slopes

ORDER = ("a", "k", "c")


def scipy_fit(sigma=None, absolute=False):
    return curve_fit(
        decay, X, Y, p0=(1, 1, 0), sigma=sigma, absolute_sigma=absolute, jac=decay_slopes, xtol=1e-14, ftol=1e-14,
        gtol=1e-14,
    )  # fmt: skip


@pytest.mark.parametrize("layer", [Decay(), DraftDecay()], ids=["declared", "draft"])
@pytest.mark.parametrize("sigma", [None, SIGMA, 0.3], ids=["alike", "each", "one number"])
@pytest.mark.parametrize("absolute", [False, True])
def test_parameters_and_covariance_are_scipys(layer, sigma, absolute):
    popt, pcov = scipy_fit(None if sigma is None else sigma * np.ones_like(X), absolute)
    fit = bp.fit_curve(layer, X, Y, sigma=sigma, absolute_sigma=absolute)
    np.testing.assert_allclose(fit.estimates, popt, rtol=1e-7)
    np.testing.assert_allclose(fit.covariance, pcov, rtol=1e-6, atol=1e-9 * np.abs(pcov).max())
    np.testing.assert_allclose(list(fit.standard_errors.values()), np.sqrt(np.diag(pcov)), rtol=1e-6)
    assert fit.names == ORDER == tuple(fit.parameters) == tuple(fit.standard_errors)
    assert fit.converged
    assert not fit.notes


def test_the_summary_names_its_figures_before_it_gives_them():
    fit = bp.fit_curve(Decay(), X, Y)
    rows = {line.strip().split("  ")[0]: line for line in str(fit.summary()).splitlines()[6:]}
    for name, figures in {
        "values, parameters": "40, 3; 37 degrees of freedom",
        "χ²": f"{fit.chi_square:.8g}",
        "reduced χ²": f"{fit.chi_square / 37:.8g}",
        "R²": f"{fit.r_squared:.8g}",
        "AIC, BIC": f"{fit.aic:.6g}, {fit.bic:.6g}",
        "ended": f"after {len(fit.history)} iterations",
    }.items():
        assert rows[name].split(name, 1)[1].strip().startswith(figures)


def test_statistics_are_those_of_the_residuals():
    fit = bp.fit_curve(Decay(), X, Y, sigma=SIGMA)
    f, n, p = decay(X, *fit.estimates), len(X), 3
    chi_square = np.sum(((Y - f) / SIGMA) ** 2)
    mean = np.sum(Y / SIGMA**2) / np.sum(1 / SIGMA**2)
    np.testing.assert_allclose(fit.residuals, Y - f, atol=1e-14)
    assert type(fit.residuals) is np.ndarray  # masked where points are masked, and only there
    assert fit.chi_square == pytest.approx(chi_square)
    assert fit.cost == pytest.approx(chi_square / 2 / n)
    assert fit.degrees_of_freedom == n - p
    assert fit.reduced_chi_square == pytest.approx(chi_square / (n - p))
    assert fit.r_squared == pytest.approx(1 - chi_square / np.sum(((Y - mean) / SIGMA) ** 2))
    assert fit.aic == pytest.approx(n * math.log(chi_square / n) + 2 * p)
    assert fit.bic == pytest.approx(n * math.log(chi_square / n) + p * math.log(n))
    errors = np.sqrt(np.diag(fit.covariance))
    np.testing.assert_allclose(fit.correlation, fit.covariance / np.outer(errors, errors), rtol=1e-12)


@pytest.mark.parametrize("absolute", [False, True])
def test_confidence_intervals_are_students_or_normal(absolute):
    fit = bp.fit_curve(Decay(), X, Y, sigma=SIGMA, absolute_sigma=absolute)
    factor = norm.ppf(0.95) if absolute else t.ppf(0.95, len(X) - 3)
    for name, (low, high) in fit.confidence_intervals(0.9).items():
        assert high - low == pytest.approx(2 * factor * fit.standard_errors[name])
        assert (high + low) / 2 == pytest.approx(fit.parameters[name])


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng, hits, trials = np.random.default_rng(4), 0, 200
    x, truth = np.linspace(-1, 1, 8), np.array([0.3, -1.0, 2.0])
    for _ in range(trials):
        y = truth @ np.stack([np.ones_like(x), x, x * x]) + 0.1 * rng.normal(size=x.size)
        low, high = bp.fit_curve(Powers(), x, y, iterations=20).confidence_intervals(0.8)["w[1]"]
        hits += low <= truth[1] <= high
    assert 0.8 - 4 * 0.0283 < hits / trials < 0.8 + 4 * 0.0283  # four standard deviations of a binomial share


def test_a_linear_model_has_the_closed_form():
    design = np.stack([np.ones_like(X), X, X * X], axis=1)
    fit = bp.fit_curve(Powers(), X, Y)
    beta, rss, *_ = np.linalg.lstsq(design, Y, rcond=None)
    expected = np.linalg.inv(design.T @ design) * rss[0] / (len(X) - 3)
    np.testing.assert_allclose(fit.parameters["w"], beta, rtol=1e-9)
    np.testing.assert_allclose(fit.covariance, expected, rtol=1e-8)
    assert fit.names == ("w[0]", "w[1]", "w[2]")


def test_a_fit_starts_where_it_is_told_and_leaves_the_model_alone():
    by_name = bp.fit_curve(Decay(), X, Y, start={"k": 1.4, "a": 2}, iterations=1)
    np.testing.assert_array_equal(by_name.start, [2, 1.4, 0])
    in_order = bp.fit_curve(Decay(), X, Y, start=[2, 1.4, 0], iterations=1)
    np.testing.assert_array_equal(in_order.estimates, by_name.estimates)
    network = Network([Decay()], input_shape=(1,), cost=QuadraticCost())
    before = network.parameters.vector.copy()
    fit = bp.fit_curve(network, X, Y, start={"decay_1.k": 1.2})
    np.testing.assert_array_equal(network.parameters.vector, before)
    np.testing.assert_allclose(fit.estimates, scipy_fit()[0], rtol=1e-7)


@pytest.mark.parametrize("shape", [(40,), (40, 1)])
def test_values_and_predictions_have_the_shape_that_came_in(shape):
    fit = bp.fit_curve(Decay(), X.tolist() if shape == (40,) else X[:, None], Y.reshape(shape))
    assert fit.residuals.shape == shape == fit.predict(X).shape
    np.testing.assert_allclose(fit.predict([0.5, 1.5]).ravel(), decay(np.array([0.5, 1.5]), *fit.estimates), rtol=1e-12)


def test_errors_of_the_curve_are_propagated_from_the_parameters():
    _, pcov = scipy_fit(SIGMA)
    x = np.linspace(0, 6, 9)
    slopes = decay_slopes(x, *scipy_fit(SIGMA)[0])
    fit = bp.fit_curve(Decay(), X, Y, sigma=SIGMA)
    np.testing.assert_allclose(fit.prediction_errors(x), np.sqrt(np.diag(slopes @ pcov @ slopes.T)), rtol=1e-6)
    assert bp.fit_curve(Decay(), X, Y[:, None]).prediction_errors(x).shape == (9, 1)


def test_a_whole_network_with_several_inputs_and_outputs_is_fitted_and_named_by_path():
    nodes = {"left": node(Dense(units=2), "x"), "bent": node(Tanh(), "left"), "end": node(Dense(units=2), "bent")}
    network = Network(inputs={"x": (2,)}, nodes=nodes, cost=QuadraticCost(), seed=3, dtype="float32")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    y = network.predict(x) + 0.1 * rng.normal(size=(60, 2))
    sigma = 0.1 * np.ones((60, 2))
    fit = bp.fit_curve(network, x, y, sigma=sigma)
    assert fit.names[:2] == ("left.w[0, 0]", "left.w[0, 1]")
    assert set(fit.parameters) == set(network.parameters)
    assert fit.network.dtype == np.float64
    assert (fit.count, fit.degrees_of_freedom) == (120, 108)
    # The covariance, from the Jacobian that forward mode gives, at the fitted parameters.
    columns = [fit.network.parameter_jvp(x, fit.network.parameters.like(row).views).ravel() / 0.1 for row in np.eye(12)]
    j = np.stack(columns, axis=1)
    expected = np.linalg.inv(j.T @ j) * fit.reduced_chi_square
    np.testing.assert_allclose(fit.covariance, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())
    again = covariance(fit.network, x, y, sigma=sigma)
    np.testing.assert_allclose(again.matrix, fit.covariance, rtol=1e-6, atol=1e-9 * np.abs(expected).max())
    assert again.names == fit.names


def test_another_optimizer_reaches_the_same_minimum():
    fit = bp.fit_curve(Decay(), X, Y, optimizer=LBFGS(min_gradient=1e-12), iterations=500)
    np.testing.assert_allclose(fit.estimates, scipy_fit()[0], rtol=1e-5)
    assert fit.converged


def test_a_fit_that_was_cut_short_says_so():
    fit = bp.fit_curve(Decay(), X, Y, iterations=1)
    assert not fit.converged
    assert "no minimum" in fit.notes[0]
    assert "iterations=10" in fit.notes[0]


def test_an_exact_fit_says_so_and_has_tiny_errors():
    fit = bp.fit_curve(Decay(), X, decay(X, 2.0, 1.0, 0.5))
    np.testing.assert_allclose(fit.estimates, [2, 1, 0.5], rtol=1e-9)
    assert fit.converged
    assert fit.exact
    assert "but for rounding" in str(fit.summary())
    assert max(fit.standard_errors.values()) < 1e-10


def test_the_summary_shows_what_people_look_for():
    fit = bp.fit_curve(Decay(), X, Y, sigma=SIGMA)
    text = str(fit.summary())
    for name in ORDER:
        (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
        cells = line.split()
        assert float(cells[1]) == pytest.approx(fit.parameters[name], rel=1e-6)
        assert float(cells[2]) == pytest.approx(fit.standard_errors[name], rel=1e-3)
        assert float(cells[3].rstrip("%")) == pytest.approx(
            100 * fit.standard_errors[name] / abs(fit.parameters[name]), abs=0.01
        )
    for word in ("χ²", "reduced χ²", "R²", "AIC", "degrees of freedom", "ended", "a, k:"):
        assert word in text
    assert "a, k:" not in str(fit.summary(min_correlation=0.999))
    assert repr(fit) == text


@pytest.mark.parametrize(
    ("value", "error", "relative"),
    [(1.0, 0.123456, "12.3%"), (1e-93, 2.0, "2e+95%"), (-3.0, 1e-9, "3.33e-08%"), (0.0, 1.0, ""), (1e-300, 1e300, "")],
)
def test_relative_errors_have_three_digits(value, error, relative):
    assert value_row("a", np.float64(value), np.float64(error), 0.0)[3] == relative
