"""Parameters that data do not determine are named, and the others have their errors all the same."""

from __future__ import annotations

import numpy as np
import pytest

import bpframe as bp
from tests.curve_fitting.formulas import Decay, Powers, Redundant, X


def test_undetermined_parameters_are_named_and_do_not_harm_the_others():
    rng = np.random.default_rng(0)
    y = 3 * X + 1 + 0.1 * rng.normal(size=X.size)
    fit = bp.fit_curve(Redundant(), X, y)
    assert fit.uncertainty.undetermined == ("a", "b", "d")
    assert fit.uncertainty.rank == 2
    assert fit.degrees_of_freedom == X.size - 2
    design = np.stack([X, np.ones_like(X)], axis=1)
    beta, rss, *_ = np.linalg.lstsq(design, y, rcond=None)
    error = np.sqrt(np.linalg.inv(design.T @ design)[1, 1] * rss[0] / (X.size - 2))
    assert fit.parameters["a"] + fit.parameters["b"] == pytest.approx(beta[0], rel=1e-7)
    assert fit.standard_errors["c"] == pytest.approx(error, rel=1e-6)
    assert all(np.isinf(fit.standard_errors[name]) for name in "abd")
    known = np.array([name == "c" for name in fit.names])
    np.testing.assert_array_equal(np.isfinite(fit.covariance), np.outer(known, known))
    np.testing.assert_array_equal(np.isinf(fit.covariance), np.diag(~known))
    # The curve is determined although three of its parameters are not.
    slopes = np.stack([X, np.ones_like(X)], axis=1)
    expected = np.sqrt(np.diag(slopes @ np.linalg.inv(design.T @ design) @ slopes.T) * rss[0] / (X.size - 2))
    np.testing.assert_allclose(fit.prediction_errors(X), expected, rtol=1e-6)
    text = str(fit.summary())
    assert "undetermined" in text
    assert "d: no effect on the values" in text
    assert "a, b: a change of one is undone" in text


def test_data_at_too_few_points_do_not_determine_a_parabola():
    x = np.repeat([0.0, 1.0], 5)
    fit = bp.fit_curve(Powers(), x, 2 + x + 0.1 * np.random.default_rng(1).normal(size=10))
    assert fit.uncertainty.undetermined == ("w[1]", "w[2]")
    assert np.isfinite(fit.standard_errors["w[0]"])
    np.testing.assert_array_equal(np.isfinite(fit.prediction_errors([0.0, 0.5, 1.0])), [True, False, True])


def test_as_many_values_as_parameters_leave_no_errors():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0])
    fit = bp.fit_curve(Powers(), x, y)
    np.testing.assert_allclose(fit.predict(x), y, atol=1e-12)
    assert fit.degrees_of_freedom == 0
    assert np.isnan(list(fit.standard_errors.values())).all()
    assert any("as many values as parameters" in note for note in fit.notes)
    assert "unknown" in str(fit.summary())
    known = bp.fit_curve(Powers(), x, y, sigma=0.1, absolute_sigma=True)
    design = x[:, None] ** np.arange(3)
    np.testing.assert_allclose(known.covariance, 0.01 * np.linalg.inv(design.T @ design), rtol=1e-9)


def test_hardly_determined_parameters_get_a_note():
    x = 1 + 1e-7 * np.linspace(0, 1, 30)
    fit = bp.fit_curve(Powers(), x, 2 + x + 1e-9 * np.random.default_rng(1).normal(size=30), iterations=30)
    assert any("do not determine" in note or "hardly determine" in note for note in fit.notes)


def test_errors_stay_finite_where_scales_differ_by_many_orders():
    rng = np.random.default_rng(3)
    y = 2.5e-9 * np.exp(-1.3 * X) + 4e-9 + 1e-11 * rng.normal(size=X.size)
    fit = bp.fit_curve(Decay(), X, y, start={"a": 1e-9, "c": 1e-9})
    np.testing.assert_allclose(fit.estimates, [2.5e-9, 1.3, 4e-9], rtol=0.05)
    assert not fit.uncertainty.undetermined
    assert fit.converged
