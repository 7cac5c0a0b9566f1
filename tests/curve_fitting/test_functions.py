"""Plain functions are fitted as scipy.optimize.curve_fit fits them, with their parameters by name."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from scipy.optimize import curve_fit

import bpframe as bp
from tests.curve_fitting.formulas import SIGMA, Decay, X, Y, decay, decay_slopes

START = {"a": 1.0, "k": 1.0, "c": 0.0}
U, V = np.random.default_rng(2).uniform(0.5, 2, (2, 60))
Z = 3 * U**1.5 * V - 1 + 0.01 * np.random.default_rng(3).normal(size=60)


def power(u, v, a=1.0, b=1.0, c=0.0):
    return a * u**b * v + c


def scipys(sigma=None, absolute=False):
    return curve_fit(
        decay, X, Y, p0=(1, 1, 0), sigma=sigma, absolute_sigma=absolute, jac=decay_slopes, xtol=1e-14, ftol=1e-14,
        gtol=1e-14,
    )  # fmt: skip


@pytest.mark.parametrize("sigma", [None, SIGMA, 0.3], ids=["alike", "each", "one number"])
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("jacobian", [None, decay_slopes], ids=["found", "given"])
def test_estimates_and_covariance_are_scipys_and_those_of_the_layer(sigma, absolute, jacobian):
    popt, pcov = scipys(None if sigma is None else sigma * np.ones_like(X), absolute)
    fit = bp.fit_curve(decay, X, Y, start=START, sigma=sigma, absolute_sigma=absolute, jacobian=jacobian)
    np.testing.assert_allclose(fit.estimates, popt, rtol=1e-7)
    np.testing.assert_allclose(fit.covariance, pcov, rtol=1e-6, atol=1e-9 * np.abs(pcov).max())
    layer = bp.fit_curve(Decay(), X, Y, sigma=sigma, absolute_sigma=absolute)
    assert fit.names == layer.names == tuple(fit.parameters)
    for name in ("chi_square", "cost", "reduced_chi_square", "r_squared", "aic", "bic", "count", "degrees_of_freedom"):
        assert getattr(fit, name) == pytest.approx(getattr(layer, name), rel=1e-9), name
    np.testing.assert_allclose(fit.correlation, layer.correlation, rtol=1e-6)
    np.testing.assert_allclose(fit.prediction_errors(X), layer.prediction_errors(X), rtol=1e-6)
    np.testing.assert_allclose(fit.residuals, layer.residuals, atol=1e-8)
    assert fit.converged
    assert not fit.notes


def test_starts_are_defaults_of_the_signature_and_what_is_said():
    def f(x, a=2, k=1.5, *, c=0.0, mode="fast"):
        assert mode == "fast"
        return decay(x, a, k, c)

    fit = bp.fit_curve(f, X, Y, start={"k": 1.0})
    np.testing.assert_array_equal(fit.start, [2, 1, 0])
    np.testing.assert_allclose(fit.estimates, scipys()[0], rtol=1e-7)
    in_order = bp.fit_curve(f, X, Y, start=[2, 1, 0])
    np.testing.assert_array_equal(in_order.estimates, fit.estimates)
    part = bp.fit_curve(functools.partial(f, c=0.4), X, Y)
    assert part.names == ("a", "k")
    np.testing.assert_allclose(part.estimates, bp.fit_curve(f, X, Y, fixed={"c": 0.4}).estimates, rtol=1e-9)


def test_several_variables_are_a_mapping_of_arguments_or_a_tuple_in_one():
    one = curve_fit(lambda x, a, b, c: power(*x, a, b, c), (U, V), Z, p0=(1, 1, 0), xtol=1e-14, ftol=1e-14)
    by_name = bp.fit_curve(power, {"v": V, "u": U}, Z)
    together = bp.fit_curve(lambda x, a, b, c: power(x[0], x[1], a, b, c), (U, V), Z, start=[1, 1, 0])
    rows = bp.fit_curve(lambda x, a, b, c: power(x[:, 0], x[:, 1], a, b, c), np.stack([U, V], 1), Z, start=[1, 1, 0])
    for fit in (by_name, together, rows):
        np.testing.assert_allclose(fit.estimates, one[0], rtol=1e-6)
        np.testing.assert_allclose(fit.uncertainty.standard_errors, np.sqrt(np.diag(one[1])), rtol=1e-4)
    points = {"u": U[:3], "v": V[:3]}
    np.testing.assert_allclose(by_name.predict(points), together.predict((U[:3], V[:3])), rtol=1e-9)
    assert by_name.prediction_errors(points).shape == (3,)


def test_columns_of_a_table_are_arguments_by_name():
    class Table:
        columns = ("v", "unused", "u")

        def __getitem__(self, name):
            return {"u": U, "v": V}[name]

    fit = bp.fit_curve(power, Table(), Z)
    np.testing.assert_array_equal(fit.estimates, bp.fit_curve(power, {"u": U, "v": V}, Z).estimates)


@pytest.mark.parametrize("call", ["spread", "array"])
def test_parameters_may_be_arrays(call):
    def spread(x, *w):
        return np.polyval(w, x)

    def array(x, w):
        return np.polyval(w, x)

    fit = bp.fit_curve({"spread": spread, "array": array}[call], X, Y, start={"w": [0, 0, 1]})
    np.testing.assert_allclose(fit.parameters["w"], np.polyfit(X, Y, 2), rtol=1e-8)
    assert fit.names == ("w[0]", "w[1]", "w[2]")


def test_fixed_parameters_stay_and_are_shown():
    fit = bp.fit_curve(decay, X, Y, start=START, fixed={"c": 0.4})
    expected, covariance = curve_fit(lambda x, a, k: decay(x, a, k, 0.4), X, Y, p0=(1, 1), xtol=1e-14, ftol=1e-14)
    np.testing.assert_allclose(fit.estimates, expected, rtol=1e-6)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-4)
    assert fit.names == ("a", "k")
    assert fit.parameters["c"] == 0.4
    assert fit.degrees_of_freedom == 38
    (row,) = [line for line in str(fit).splitlines() if line.split()[:1] == ["c"]]
    assert row.split() == ["c", "0.4", "fixed"]
    np.testing.assert_allclose(fit.predict(X), decay(X, **fit.parameters))


def test_a_covariance_of_the_values_is_that_of_generalised_least_squares():
    rng = np.random.default_rng(5)
    root = np.diag(SIGMA) @ (np.eye(40) + 0.3 * np.tril(rng.uniform(size=(40, 40)), -1))
    matrix = root @ root.T
    for absolute in (False, True):
        expected, covariance = curve_fit(
            decay, X, Y, p0=(1, 1, 0), sigma=matrix, absolute_sigma=absolute, xtol=1e-14, ftol=1e-14
        )
        fit = bp.fit_curve(decay, X, Y, start=START, sigma=matrix, absolute_sigma=absolute)
        np.testing.assert_allclose(fit.estimates, expected, rtol=1e-5)
        np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-4, atol=1e-6 * np.abs(covariance).max())
        whitened = np.linalg.solve(root, Y - decay(X, *fit.estimates))
        assert fit.chi_square == pytest.approx(whitened @ whitened)
    diagonal = bp.fit_curve(decay, X, Y, start=START, sigma=np.diag(SIGMA**2))
    plain = bp.fit_curve(decay, X, Y, start=START, sigma=SIGMA)
    np.testing.assert_allclose(diagonal.covariance, plain.covariance, rtol=1e-6)
    assert diagonal.r_squared == pytest.approx(plain.r_squared)


def test_points_with_nan_are_left_out_where_that_is_asked_for():
    x, y, sigma = X.copy(), Y.copy(), SIGMA.copy()
    x[3] = y[7] = sigma[11] = np.nan
    kept = np.delete(np.arange(40), [3, 7, 11])
    fit = bp.fit_curve(decay, x, y, start=START, sigma=sigma, nan_policy="omit")
    expected = bp.fit_curve(decay, X[kept], Y[kept], start=START, sigma=SIGMA[kept])
    np.testing.assert_array_equal(fit.estimates, expected.estimates)
    assert (fit.count, fit.left_out) == (37, 3)
    np.testing.assert_array_equal(np.flatnonzero(np.ma.getmaskarray(fit.residuals)), [3, 7, 11])
    matrix = np.diag(SIGMA**2) + 1e-4
    correlated = bp.fit_curve(decay, x, y, start=START, sigma=matrix, nan_policy="omit")
    cut = np.delete(np.arange(40), [3, 7])
    np.testing.assert_array_equal(
        correlated.estimates, bp.fit_curve(decay, X[cut], Y[cut], start=START, sigma=matrix[np.ix_(cut, cut)]).estimates
    )
    u = U.copy()
    u[5] = np.nan
    several = [
        bp.fit_curve(power, {"u": u, "v": V}, Z, nan_policy="omit"),
        bp.fit_curve(lambda x, a, b, c: power(*x, a, b, c), (u, V), Z, start=[1, 1, 0], nan_policy="omit"),
    ]
    left = np.delete(np.arange(60), 5)
    expected = bp.fit_curve(power, {"u": U[left], "v": V[left]}, Z[left])
    for fit in several:
        np.testing.assert_allclose(fit.estimates, expected.estimates, rtol=1e-9)
    layer = bp.fit_curve(Decay(), x, y, sigma=sigma, nan_policy="omit")
    np.testing.assert_allclose(layer.estimates, bp.fit_curve(Decay(), X[kept], Y[kept], sigma=SIGMA[kept]).estimates)


def test_points_that_count_several_times_are_those_written_out():
    counts = np.arange(40) % 3
    again = np.repeat(np.arange(40), counts)
    fit = bp.fit_curve(decay, X, Y, start=START, sigma=SIGMA, sample_weight=counts)
    written = bp.fit_curve(decay, X[again], Y[again], start=START, sigma=SIGMA[again])
    np.testing.assert_allclose(fit.estimates, written.estimates, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, written.covariance, rtol=1e-8)
    assert (fit.count, fit.left_out) == (written.count, 14)


def test_values_of_several_axes_are_fitted_in_their_shape():
    x, y = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 7))

    def bump(x, y, a=1.0, m=0.1, s=0.7):
        return a * np.exp(-((x - m) ** 2 + y**2) / (2 * s**2))

    image = bump(x, y, 2.0, 0.3, 0.4) + 0.01 * np.random.default_rng(0).normal(size=x.shape)
    fit = bp.fit_curve(bump, {"x": x, "y": y}, image)
    np.testing.assert_allclose(fit.estimates, [2, 0.3, 0.4], atol=0.02)
    assert fit.residuals.shape == fit.predict({"x": x, "y": y}).shape == image.shape
    flat = bp.fit_curve(bump, {"x": x.ravel(), "y": y.ravel()}, image.ravel())
    np.testing.assert_allclose(fit.covariance, flat.covariance, rtol=1e-9)


def test_another_method_may_be_asked_for():
    fit = bp.fit_curve(decay, X, Y, start=START, optimizer=LBFGS(min_gradient=1e-12), iterations=500)
    np.testing.assert_allclose(fit.estimates, scipys()[0], rtol=1e-5)
    assert fit.converged


def test_a_fit_that_was_cut_short_says_so():
    fit = bp.fit_curve(decay, X, Y, start=START, iterations=1)
    assert len(fit.history) == 1
    assert not fit.converged
    assert "iterations=10" in fit.notes[0]


def test_an_exact_fit_says_so_and_one_value_per_parameter_leaves_no_errors():
    fit = bp.fit_curve(decay, X, decay(X, 2.0, 1.0, 0.5), start=START)
    np.testing.assert_allclose(fit.estimates, [2, 1, 0.5], rtol=1e-9)
    assert fit.exact
    assert fit.converged
    few = bp.fit_curve(decay, X[:9:4], Y[:9:4], start=START)
    assert few.degrees_of_freedom == 0
    assert np.isnan(list(few.standard_errors.values())).all()


def test_the_history_falls_and_its_last_cost_is_the_fits():
    history = bp.fit_curve(decay, X, Y, start=START).history
    costs = history.column("cost")
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == pytest.approx(bp.fit_curve(decay, X, Y, start=START).cost)
    assert all(each >= 0 for each in history.column("seconds"))


@pytest.mark.parametrize("count", [400, 60_000], ids=["real at once", "one by one"])
def test_many_points_have_the_digits_of_few(count):
    x = np.linspace(0, 4, count)
    y = decay(x, 2.5, 1.3, 0.5) + 0.1 * np.random.default_rng(0).normal(size=count)
    expected = bp.fit_curve(decay, x, y, start=START, jacobian=decay_slopes)
    fit = bp.fit_curve(decay, x, y, start=START)
    np.testing.assert_allclose(fit.estimates, expected.estimates, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, expected.covariance, rtol=1e-6)
