"""A point of weight 2 is two points to a fit and to its errors, and one of weight 0 is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

import bpframe as bp
from bpframe.curve_fitting import covariance
from bpframe.errors import DataError, ShapeMismatch
from tests.curve_fitting.formulas import SIGMA, Decay, X, Y, decay

COUNTS = np.random.default_rng(4).integers(0, 3, X.size)
REPEATED = np.repeat(np.arange(X.size), COUNTS)

FIGURES = ("chi_square", "cost", "degrees_of_freedom", "reduced_chi_square", "r_squared", "aic", "bic", "count")


@pytest.mark.parametrize("sigma", [None, SIGMA], ids=["alike", "sigma"])
@pytest.mark.parametrize("absolute", [False, True])
def test_counts_are_points_left_out_kept_and_repeated(sigma, absolute):
    words = {"absolute_sigma": absolute}
    weighted = bp.fit_curve(Decay(), X, Y, sigma=sigma, sample_weight=COUNTS, **words)
    some = None if sigma is None else sigma[REPEATED]
    repeated = bp.fit_curve(Decay(), X[REPEATED], Y[REPEATED], sigma=some, **words)
    # Where rounding ends the iterations is not the same place; at the same place all is the same: below.
    np.testing.assert_allclose(weighted.estimates, repeated.estimates, rtol=1e-8)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-8)
    for name in FIGURES:
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-8, err_msg=name)
    for name, interval in weighted.confidence_intervals().items():
        np.testing.assert_allclose(interval, repeated.confidence_intervals()[name], rtol=1e-8)
    np.testing.assert_allclose(weighted.prediction_errors(X), repeated.prediction_errors(X), rtol=1e-8)
    assert weighted.converged
    assert isinstance(weighted.degrees_of_freedom, int)
    assert weighted.left_out == np.count_nonzero(COUNTS == 0)


def test_errors_are_those_of_scipy_for_repeated_points():
    estimates, matrix = curve_fit(
        decay, X[REPEATED], Y[REPEATED], p0=[1, 1, 0], sigma=SIGMA[REPEATED], xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    fit = bp.fit_curve(Decay(), X, Y, sigma=SIGMA, sample_weight=COUNTS)
    np.testing.assert_allclose(fit.estimates, estimates, rtol=1e-7)
    np.testing.assert_allclose(fit.covariance, matrix, rtol=1e-5)


def test_residuals_stay_those_of_all_points_with_a_mask_where_none_counts():
    fit = bp.fit_curve(Decay(), X, Y, sample_weight=COUNTS)
    np.testing.assert_array_equal(np.ma.getmaskarray(fit.residuals), COUNTS == 0)
    kept = COUNTS > 0
    np.testing.assert_allclose(fit.residuals.compressed(), Y[kept] - fit.predict(X[kept]))


def test_fractions_count_too_and_their_sum_is_n():
    fit = bp.fit_curve(Decay(), X, Y, sample_weight=np.full(X.size, 0.75))
    plain = bp.fit_curve(Decay(), X, Y)
    np.testing.assert_allclose(fit.estimates, plain.estimates, rtol=1e-10)
    assert fit.count == 30
    np.testing.assert_allclose(fit.covariance, plain.covariance * (40 - 3) / (30 - 3), rtol=1e-8)


def test_the_covariance_of_a_network_counts_them_and_masked_points_go_first():
    network = bp.fit_curve(Decay(), X, Y).network
    for absolute in (False, True):
        words = {"absolute_sigma": absolute}
        expected = covariance(network, X[REPEATED], Y[REPEATED], sigma=SIGMA[REPEATED], **words)
        found = covariance(network, X, Y, sigma=SIGMA, sample_weight=COUNTS, **words)
        np.testing.assert_allclose(found.matrix, expected.matrix, rtol=1e-12)
    expected = covariance(network, X[REPEATED], Y[REPEATED])
    hidden = np.ma.MaskedArray(np.where(COUNTS == 0, -1, COUNTS), COUNTS == 0)
    np.testing.assert_allclose(covariance(network, X, Y, sample_weight=hidden).matrix, expected.matrix, rtol=1e-11)


@pytest.mark.parametrize(
    ("weights", "kind", "part"),
    [
        (np.ones(3), ShapeMismatch, r"N = 40"),
        (-np.ones(40), DataError, "below 0"),
        (np.zeros(40), DataError, "no example counts"),
        (np.full(40, 0.05), DataError, "fewer values than parameters"),
        (["a"] * 40, DataError, "real numbers"),
    ],
)
def test_what_is_no_weight_is_refused(weights, kind, part):
    with pytest.raises(kind, match=part):
        bp.fit_curve(Decay(), X, Y, sample_weight=weights)
