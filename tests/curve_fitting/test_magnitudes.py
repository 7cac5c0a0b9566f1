"""Fits whose parameters lie between 10⁻¹² and 10¹² are SciPy's, from declared Jacobians and from drafts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.optimize import curve_fit

import bpframe as bp
from tests.curve_fitting.formulas import formula


class Example(NamedTuple):
    f: Callable[..., Any]
    x: np.ndarray
    truth: tuple[float, ...]
    start: tuple[float, ...]


EXAMPLES = {
    "decay": Example(lambda x, a, t: a * np.exp(-x / t), np.linspace(1e-9, 1e-6, 40), (3e12, 2e-7), (1e12, 1e-7)),
    "slow decay": Example(lambda x, a, k: a * np.exp(-k * x), np.linspace(0, 1e12, 40), (1e-12, 3e-12), (2e-12, 1e-12)),
    "spectral line in metres": Example(
        lambda x, a, m, s: a * np.exp(-((x - m) ** 2) / (2 * s**2)),
        np.linspace(588e-9, 590e-9, 60), (2, 589e-9, 2e-10), (1, 589.02e-9, 3e-10),
    ),
    "resonance": Example(
        lambda x, a, m, w: a * w**2 / ((x - m) ** 2 + w**2),
        np.linspace(0.95e12, 1.05e12, 80), (2e-6, 1e12, 8e9), (1e-6, 0.998e12, 1e10),
    ),
    "power": Example(lambda x, a, b: a * x**b, np.linspace(1, 50, 40), (1e12, -1.5), (1e11, -1)),
    "Michaelis-Menten": Example(
        lambda x, v, k: v * x / (k + x), np.linspace(1e-7, 2e-5, 30), (3e-9, 2e-6), (1e-9, 1e-6)
    ),
    "logistic": Example(
        lambda x, m, k, h: m / (1 + np.exp(-k * (x - h))),
        np.linspace(0, 2e6, 50), (1e10, 1e-5, 1e6), (2e10, 5e-6, 1.2e6),
    ),
    "Arrhenius": Example(lambda x, a, e: a * np.exp(-e / x), np.linspace(300, 500, 30), (1e12, 1e4), (1e11, 9e3)),
    "oscillation": Example(
        lambda x, a, w, p: a * np.sin(w * x + p), np.linspace(0, 1e-8, 80), (2e-9, 2e9, 0.5), (1e-9, 2.1e9, 0.3)
    ),
    "diode": Example(
        lambda x, i, n: i * (np.exp(x / (n * 0.02585)) - 1), np.linspace(0.1, 0.7, 40), (1e-12, 1.5), (2e-12, 1.6)
    ),
    "Hill": Example(
        lambda x, a, k, n: a * x**n / (k**n + x**n), np.geomspace(1e-11, 1e-7, 40), (1e12, 1e-9, 1.7), (2e12, 3e-9, 1.2)
    ),
    "line": Example(lambda x, a, b: a + b * x, np.linspace(0, 1e12, 30), (1e3, 1e-9), (1, 1)),
}  # fmt: skip


def data_of(name: str) -> np.ndarray:
    f, x, truth, _ = EXAMPLES[name]
    y = f(x, *truth)
    return y + 0.01 * np.ptp(y) * np.random.default_rng(sorted(EXAMPLES).index(name)).normal(size=x.size)


@pytest.mark.parametrize("draft", [False, True], ids=["declared", "draft"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_twelve_fits_are_those_of_scipy_from_the_same_start(name, draft):
    (f, x, _, start), y = EXAMPLES[name], data_of(name)
    expected, covariance = curve_fit(f, x, y, p0=start)
    fit = bp.fit_curve(formula(f, start, draft), x, y)
    np.testing.assert_allclose(fit.estimates, expected, rtol=1e-5)
    np.testing.assert_allclose(fit.uncertainty.standard_errors, np.sqrt(np.diag(covariance)), rtol=1e-3)
    assert fit.converged
    assert not fit.retried


def test_a_parameter_of_another_magnitude_may_start_at_zero():
    (f, x, truth, start) = EXAMPLES["decay"]
    y = f(x, *truth) + 5e10 + 0.01 * truth[0] * np.random.default_rng(0).normal(size=x.size)
    fit = bp.fit_curve(formula(lambda x, a, t, c: f(x, a, t) + c, (*start, 0)), x, y)
    # SciPy's own steps end early here: it is given one unit for all.
    scaled, _ = curve_fit(
        lambda x, a, t, c: 1e12 * (f(x, a, 1e-7 * t) + c), x, y, p0=(start[0] / 1e12, start[1] / 1e-7, 0)
    )
    np.testing.assert_allclose(fit.estimates, scaled * [1e12, 1e-7, 1e12], rtol=1e-5)
    assert fit.converged


@pytest.mark.parametrize("sigma", [1e-12, 1e12], ids=str)
def test_sigma_of_any_magnitude_changes_no_estimate(sigma):
    f, x, _, start = EXAMPLES["logistic"]
    y = data_of("logistic")
    plain, scaled = (bp.fit_curve(formula(f, start), x, y, sigma=each) for each in (None, sigma))
    np.testing.assert_allclose(scaled.estimates, plain.estimates, rtol=1e-8)
    np.testing.assert_allclose(scaled.covariance, plain.covariance, rtol=1e-6)
    assert len(plain.history) == len(scaled.history)
    assert scaled.converged


def test_points_of_hardly_any_weight_count_hardly():
    f, x, _, start = EXAMPLES["power"]
    y, sigma = data_of("power"), np.where(np.arange(40) % 2, 1e-6, 1e6)
    fit = bp.fit_curve(formula(f, start), x, y, sigma=sigma)
    expected, _ = curve_fit(f, x, y, p0=start, sigma=sigma)
    np.testing.assert_allclose(fit.estimates, expected, rtol=1e-5)
    assert fit.converged
