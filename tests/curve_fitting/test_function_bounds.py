"""Fits within bounds end where SciPy's do, never look outside, and say what a bound holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

import bpframe as bp
from tests.curve_fitting.formulas import SIGMA, X, Y, decay

START = {"a": 1.0, "k": 1.0, "c": 0.7}


@pytest.mark.parametrize(
    "bounds",
    [{"c": (0.6, None)}, {"c": (0.6, 1), "k": (0, 1.2)}, {"a": (0, 2), "k": (None, 5)}, {"a": (0, 10), "c": (0, 1)}],
    ids=["one holds", "a corner", "above", "none holds"],
)
@pytest.mark.parametrize("real", [False, True], ids=["complex", "real alone"])
def test_they_end_where_scipys_do(bounds, real):
    def f(x, a, k, c):
        return decay(x, *(float(each) for each in (a, k, c))) if real else decay(x, a, k, c)

    low, high = np.array(
        [[-np.inf if one is None else one, np.inf if other is None else other]
         for one, other in (bounds.get(name, (None, None)) for name in START)]
    ).T  # fmt: skip
    expected, _ = curve_fit(
        decay, X, Y, p0=list(START.values()), sigma=SIGMA, bounds=(low, high), xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    fit = bp.fit_curve(f, X, Y, start=START, sigma=SIGMA, bounds=bounds)
    np.testing.assert_allclose(fit.estimates, expected, rtol=2e-5)
    assert fit.chi_square <= np.sum(((Y - decay(X, *expected)) / SIGMA) ** 2) * (1 + 1e-10)
    assert fit.converged
    held = [name for name, at in zip(START, (fit.estimates == low) | (fit.estimates == high), strict=True) if at]
    assert list(fit.verdict.held) == held
    assert ("held by a bound" in str(fit)) == bool(held)


def test_errors_of_the_others_are_as_if_what_a_bound_holds_were_fixed():
    fit = bp.fit_curve(decay, X, Y, start=START, bounds={"c": (0.6, None)})
    fixed = bp.fit_curve(decay, X, Y, start=START, fixed={"c": 0.6})
    np.testing.assert_allclose(fit.estimates[:2], fixed.estimates, rtol=1e-7)
    np.testing.assert_allclose(fit.covariance[:2, :2], fixed.covariance, rtol=1e-6)
    assert np.isnan(fit.standard_errors["c"])
    assert fit.degrees_of_freedom == fixed.degrees_of_freedom
    np.testing.assert_allclose(fit.prediction_errors(X), fixed.prediction_errors(X), rtol=1e-6)
    (row,) = [line for line in str(fit).splitlines() if line.split()[:1] == ["c"]]
    assert "at a bound" in row


@pytest.mark.parametrize("real", [False, True], ids=["complex", "real alone"])
def test_a_function_is_never_called_outside(real):
    seen = []

    def f(x, a, k, c):
        seen.append((np.real(k).min(), np.real(k).max()))
        k = float(k) if real else k
        return a * np.exp(-k * x) + c

    fit = bp.fit_curve(f, X, Y, start={**START, "k": 0.1}, bounds={"k": (0.1, 1.25)})
    fit.prediction_errors(X)
    assert fit.parameters["k"] == 1.25
    low, high = np.array(seen).T
    assert low.min() >= 0.1
    assert high.max() <= 1.25


def test_every_parameter_may_be_held():
    fit = bp.fit_curve(lambda x, a: a * x, X, 3 * X, start={"a": 0.5}, bounds={"a": (0, 1)})
    assert fit.parameters["a"] == 1
    assert fit.converged
    assert fit.verdict.held == ("a",)


def test_a_start_on_a_bound_leaves_it():
    fit = bp.fit_curve(decay, X, Y, start={"a": 0.0, "k": 1.0, "c": 0.0}, bounds={"a": (0, None), "c": (0, None)})
    free = bp.fit_curve(decay, X, Y, start=START)
    np.testing.assert_allclose(fit.estimates, free.estimates, rtol=1e-7)
    np.testing.assert_allclose(fit.covariance, free.covariance, rtol=1e-6)
