"""Masked points are left out of a fit and counted, whatever the mask hides."""

from __future__ import annotations

import numpy as np
import pytest

import bpframe as bp
from bpframe.curve_fitting import covariance
from bpframe.errors import DataError, ShapeMismatch
from tests.curve_fitting.formulas import SIGMA, Decay, X, Y

PLACES = [3, 17]
KEPT = np.delete(np.arange(40), PLACES)


def masked(array, hidden=np.nan):
    changed = array.copy()
    changed[PLACES] = hidden
    mask = np.zeros(array.shape, bool)
    mask[PLACES] = True
    return np.ma.MaskedArray(changed, mask)


@pytest.mark.parametrize("hidden", [np.nan, np.inf, 1e3])
@pytest.mark.parametrize("where", ["x", "y", "sigma"])
def test_points_where_one_is_masked_are_left_out(where, hidden):
    data = {"x": X, "y": Y, "sigma": SIGMA}
    fit = bp.fit_curve(Decay(), **{**data, where: masked(data[where], hidden)})
    expected = bp.fit_curve(Decay(), X[KEPT], Y[KEPT], sigma=SIGMA[KEPT])
    np.testing.assert_array_equal(fit.estimates, expected.estimates)
    np.testing.assert_array_equal(fit.covariance, expected.covariance)
    assert (fit.count, fit.left_out, expected.left_out) == (38, 2, 0)
    assert fit.cost == pytest.approx(expected.cost)
    assert "2 points, masked or of weight 0" in str(fit.summary())
    assert "masked" not in str(expected.summary())
    assert fit.residuals.shape == (40,)
    np.testing.assert_array_equal(np.ma.getmaskarray(fit.residuals).nonzero()[0], PLACES)
    np.testing.assert_array_equal(fit.residuals.compressed(), expected.residuals)


def test_masks_of_several_columns_and_inputs_add_up():
    x, y = X[:, None].copy(), Y[:, None].copy()
    x, y = np.ma.MaskedArray(x, x < 0.05), np.ma.MaskedArray(y, x > 3.95)
    assert bp.fit_curve(Decay(), {"x": x}, y).left_out == 2
    assert bp.fit_curve(Decay(), np.ma.MaskedArray(X), Y).left_out == 0


def test_the_covariance_of_a_network_leaves_them_out_too():
    network = bp.fit_curve(Decay(), X, Y).network
    found = covariance(network, X, masked(Y))
    np.testing.assert_array_equal(found.matrix, covariance(network, X[KEPT], Y[KEPT]).matrix)


def test_nothing_left_is_refused_and_so_are_other_lengths():
    with pytest.raises(DataError, match="every point is masked"):
        bp.fit_curve(Decay(), X, np.ma.masked_all(40))
    with pytest.raises(ShapeMismatch, match="number of points"):
        bp.fit_curve(Decay(), masked(X, 1.0), Y[:-1])
