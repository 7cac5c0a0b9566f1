"""A fit says that it converged where it ended at a minimum, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_minimizers import LevenbergMarquardt
from numpy.polynomial import Polynomial
from scipy.optimize import curve_fit

import bpframe as bp
from bpframe.extend import Diagonal, Layer, Parameter
from tests.curve_fitting.formulas import Decay, Powers, X, Y, decay, formula

RNG = np.random.default_rng(3)


def gauss(x, a, m, s):
    return a * np.exp(-((x - m) ** 2) / (2 * s**2))


BUMP = gauss(X, 3, 2, 0.5) + 0.01 * RNG.normal(size=X.size)


@pytest.mark.parametrize("draft", [False, True], ids=["declared", "draft"])
@pytest.mark.parametrize(
    ("f", "start"),
    [(gauss, (1, 500, 0.1)), (lambda x, a, k: a * np.exp(-k * (x + 0.1)), (1, 1e4)), (lambda x, a: 0 * a * x, (1,))],
    ids=["far away", "underflow", "unused"],
)
def test_where_no_parameter_has_an_effect_nothing_was_fitted(f, start, draft):
    fit = bp.fit_curve(formula(f, start, draft), X, BUMP)
    np.testing.assert_array_equal(fit.estimates, start)
    assert not fit.converged
    assert "no parameter has any effect" in fit.notes[0]


def test_an_effect_that_lies_elsewhere_is_no_minimum():
    # The mean is the minimum over c alone: a, m and s have no effect on the values at this start.
    lost = bp.fit_curve(formula(lambda x, a, m, s, c: gauss(x, a, m, s) + c, (1, 500, 0.1, 0)), X, BUMP + 1)
    assert lost.parameters["p3"] == pytest.approx(np.mean(BUMP + 1))
    assert not lost.converged
    assert "the curve is flat" in lost.notes[0]
    assert "p1, p2" in lost.notes[0]


@pytest.mark.parametrize("rate", [10, 30, 100])
def test_an_effect_that_is_lost_on_the_way_is_no_minimum(rate):
    def saturation(x, a, b):
        return a * (1 - np.exp(-b * x))

    x = X + 1
    y = saturation(x, 200, 0.5) + RNG.normal(size=x.size)
    once = bp.fit_curve(formula(saturation, (1, rate)), x, y, optimizer=LevenbergMarquardt(min_gradient=0))
    assert once.verdict.minimum.offset < 1e-9  # the best that there is without b
    assert not once.converged
    assert "the curve is flat: an effect that p1 has elsewhere" in once.notes[0]
    twice = bp.fit_curve(formula(saturation, (1, rate)), x, y)
    assert twice.converged == (rate < 100)
    if twice.converged:
        np.testing.assert_allclose(twice.estimates, curve_fit(saturation, x, y, p0=(200, 0.5))[0], rtol=1e-5)


def test_a_parameter_that_has_no_effect_anywhere_does_not_harm_the_others():
    fit = bp.fit_curve(formula(lambda x, a, b, d: a + b * x + 0 * d, (1, 1, 1)), X, Y)
    np.testing.assert_allclose(fit.estimates[:2], Polynomial.fit(X, Y, 1).convert().coef, rtol=1e-9)
    assert fit.converged
    assert fit.uncertainty.undetermined == ("p2",)


def test_parameters_that_act_as_one_are_at_their_minimum():
    fit = bp.fit_curve(formula(lambda x, a, b, c: a * b * x + c, (1, 2, 1)), X, Y)
    slope = Polynomial.fit(X, Y, 1).convert().coef[1]
    assert fit.estimates[0] * fit.estimates[1] == pytest.approx(slope, rel=1e-9)
    assert fit.converged
    assert fit.uncertainty.entangled == ("p0", "p1")


def test_a_minimum_at_zero_is_one():
    x = X - X.mean()
    even = bp.fit_curve(formula(lambda x, a, b: a + b * x, (1, 1)), x, 3 + np.cos(x))
    assert even.converged
    assert abs(even.estimates[1]) < 1e-14
    bent = bp.fit_curve(formula(lambda x, a, b: a * np.exp(b * x), (1, 1)), x, np.cosh(x))
    assert bent.converged
    assert abs(bent.estimates[1]) < 1e-6


@pytest.mark.parametrize("y", [np.full(40, 5.0), np.zeros(40), decay(X, 2, 1, 0.5)], ids=["constant", "zero", "curve"])
def test_values_without_scatter_are_met_exactly(y):
    fit = bp.fit_curve(Decay(), X, y)
    assert fit.converged
    assert fit.exact
    np.testing.assert_allclose(fit.predict(X), y, atol=1e-12)


@pytest.mark.parametrize("value", [0.1, 0.3, 1 / 3, 1e-9, 7e11])
def test_a_constant_is_met_within_rounding(value):
    fit = bp.fit_curve(Powers(), X, np.full(40, value))
    assert fit.converged
    assert fit.exact
    assert fit.parameters["w"][0] == pytest.approx(value, rel=1e-12)


def test_a_start_at_the_minimum_stays_there():
    there = bp.fit_curve(Decay(), X, Y)
    again = bp.fit_curve(Decay(), X, Y, start=there.estimates)
    np.testing.assert_allclose(again.estimates, there.estimates, rtol=1e-10)
    assert len(again.history) == 1
    assert again.converged
    exact = bp.fit_curve(Decay(), X, decay(X, 2, 1, 0.5), start=[2, 1, 0.5])
    assert len(exact.history) == 0
    assert exact.converged


def test_as_many_values_as_parameters_that_cannot_be_met_are_no_minimum():
    x = X[:2]
    fit = bp.fit_curve(formula(lambda x, a, b: a**2 + b**2 + 0 * x, (1, 2)), x, [-1.0, -2.0])
    assert not fit.converged


def test_a_polynomial_beyond_float64_does_not_claim_its_minimum():
    def polynomial(x, *p):
        return sum(each * x**k for k, each in enumerate(p))

    least = {degree: np.sum((Polynomial.fit(X, Y, degree)(X) - Y) ** 2) for degree in (9, 19)}
    nine = bp.fit_curve(formula(polynomial, (0,) * 10), X, Y)
    assert nine.converged
    assert nine.chi_square == pytest.approx(least[9], rel=1e-9)
    nineteen = bp.fit_curve(formula(polynomial, (0,) * 20), X, Y, iterations=200)
    assert nineteen.chi_square > 1.01 * least[19]
    assert not nineteen.converged


class Broken(Layer):
    """f = a + b x, whose slopes are NaN where b is above 1.5."""

    def parameters(self):
        return {"a": Parameter((), init=1.0), "b": Parameter((), init=1.0)}

    def forward(self, x, p):
        return p["a"] + p["b"] * x

    def jacobian(self, x, p):
        one = np.nan if p["b"] > 1.5 else 1.0
        return {"x": Diagonal(np.full_like(x, p["b"])), "a": np.ones_like(x), "b": one * x}


def test_slopes_that_are_not_finite_are_said_to_be():
    fit = bp.fit_curve(Broken(), X, 1 + 2 * X)
    assert not fit.converged
    assert "not finite" in fit.notes[0]
    assert np.isfinite(fit.chi_square)


def test_trial_points_where_the_formula_is_nan_are_left_again():
    def root(x, a, b):
        return np.sqrt(a * x + b)

    y = root(X, 2, 0.3) + 0.01 * RNG.normal(size=X.size)
    fit = bp.fit_curve(formula(root, (50, 40)), X, y)
    assert fit.converged
    np.testing.assert_allclose(fit.estimates, [2, 0.3], rtol=0.1)


def test_a_try_of_ones_own_optimizer_or_that_was_cut_short_is_the_only_one():
    start = (1, 500, 0.1)
    assert bp.fit_curve(formula(gauss, start), X, BUMP).retried
    assert not bp.fit_curve(formula(gauss, start), X, BUMP, optimizer=LevenbergMarquardt()).retried
    assert not bp.fit_curve(Decay(), X, Y, iterations=1).retried
