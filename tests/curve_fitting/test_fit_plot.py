"""Pictures and tables of fits, and confidence bands."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

import bpframe as bp
from bpframe.errors import DataError
from tests.curve_fitting.formulas import SIGMA, Decay, X, Y, decay

START = {"a": 1.0, "k": 1.0, "c": 0.0}
FIT = bp.fit_curve(decay, X, Y, start=START, sigma=SIGMA)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_band_is_the_curve_and_a_quantile_of_its_errors(absolute):
    fit = bp.fit_curve(decay, X, Y, start=START, sigma=SIGMA, absolute_sigma=absolute)
    x = np.linspace(-1, 6, 11)
    low, high = fit.confidence_band(x, 0.9)
    factor = norm.ppf(0.95) if absolute else t.ppf(0.95, 37)
    np.testing.assert_allclose((low + high) / 2, fit.predict(x))
    np.testing.assert_allclose(high - low, 2 * factor * fit.prediction_errors(x))
    with pytest.raises(DataError, match="probability"):
        fit.confidence_band(x, 95)


@pytest.mark.parametrize(
    "fit",
    [
        FIT,
        bp.fit_curve(Decay(), X, Y, sigma=SIGMA),
        bp.fit_curve(decay, {"x": X}, Y, start=START),
        bp.fit_curve(decay, X, np.ma.masked_where(X > 3, Y), start=START, sigma=SIGMA),
        bp.fit_curve(decay, X, Y, start=START, sigma=np.diag(SIGMA**2)),
    ],
    ids=["function", "layer", "named", "masked", "covariance"],
)
def test_a_picture_has_data_curve_band_and_residuals(fit, tmp_path):
    figure = fit.plot(tmp_path / "fit.png")
    upper, lower = figure.axes
    assert (tmp_path / "fit.png").stat().st_size > 1000
    points, curve = upper.lines[0], upper.lines[-1]
    assert len(points.get_xdata()) == fit.count
    np.testing.assert_allclose(
        curve.get_ydata(),
        fit.predict(curve.get_xdata()) if not isinstance(fit.data.x, dict) else fit.predict({"x": curve.get_xdata()}),
    )
    assert len(upper.collections) >= 1
    residuals = np.ma.compressed(fit.residuals)
    shown = lower.lines[0].get_ydata()
    np.testing.assert_allclose(shown / residuals, (1 / SIGMA[: len(shown)]) if fit.data.sigma is not None else 1)
    assert lower.get_ylabel() == ("(y − fit)/σ" if fit.data.sigma is not None else "y − fit")


def test_of_several_variables_measured_values_stand_over_fitted_ones():
    u, v = np.random.default_rng(0).uniform(1, 2, (2, 30))
    fit = bp.fit_curve(lambda u, v, a=1.0, b=1.0: a * u**b * v, {"u": u, "v": v}, 3 * u * v)
    upper, lower = fit.plot().axes
    assert (upper.get_ylabel(), lower.get_xlabel()) == ("measured", "fitted")
    np.testing.assert_allclose(upper.lines[0].get_ydata(), 3 * u * v)


def test_html_has_all_numbers_and_no_markup_of_users():
    html = FIT._repr_html_()
    for name in START:
        assert f"{FIT.parameters[name]:.8g}" in html
    assert "<script" not in html

    def f(x, a, note):
        return a * x

    f.__name__ = "<script>alert(1)</script>"
    hostile = bp.fit_curve(f, X, Y, start={"a": 1}, fixed={"note": "<img src=x onerror=alert(1)>"})._repr_html_()
    assert "<script" not in hostile
    assert "<img" not in hostile
    assert "&lt;script&gt;" in hostile
