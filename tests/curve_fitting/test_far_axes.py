"""Lines over an axis far from zero have their slope to six digits, or the fit says that it has not."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

import bpframe as bp
from tests.curve_fitting.formulas import Powers, formula

UNIX = {"seconds": (1.7e9, 60), "nanoseconds": (1.7e18, 60e9)}


def line(x, a, b):
    return a + b * x


def exact_slope(x, y) -> float:
    """Return the least-squares slope, in rational numbers."""
    xs, ys = ([Fraction(float(each)) for each in array] for array in (x, y))
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(xs, ys, strict=True))
    return float(above / sum((a - mean_x) ** 2 for a in xs))


def minute(unit: str, noise: float = 0.01):
    first, span = UNIX[unit]
    x = first + np.linspace(0, span, 60)
    return x, 3 + 2 * (x - first) / span + noise * np.random.default_rng(0).normal(size=60)


@pytest.mark.parametrize("noise", [0.3, 0.01, 1e-6, 0])
@pytest.mark.parametrize("start", [(1, 1), (0, 0), (3, 0)], ids=str)
@pytest.mark.parametrize("draft", [False, True], ids=["declared", "draft"])
@pytest.mark.parametrize("unit", UNIX)
def test_the_slope_over_a_minute_of_unix_time(unit, draft, start, noise):
    x, y = minute(unit, noise)
    fit = bp.fit_curve(formula(line, start, draft), x, y)
    assert fit.estimates[1] == pytest.approx(exact_slope(x, y), rel=1e-6)
    assert fit.converged


@pytest.mark.parametrize("span", [60, 10, 3, 0.3, 0.03])
@pytest.mark.parametrize("draft", [False, True], ids=["declared", "draft"])
def test_a_note_says_how_many_digits_errors_have_and_is_given_where_they_are_few(span, draft):
    x = 1.7e9 + np.linspace(0, span, 60)
    y = 3 + 2 * np.linspace(0, 1, 60) + 0.1 * np.random.default_rng(0).normal(size=60)
    fit = bp.fit_curve(formula(line, (1, 1), draft), x, y)
    xs, slope = [Fraction(float(each)) for each in x], Fraction(exact_slope(x, y))
    ys, mean = [Fraction(float(each)) for each in y], sum(xs) / len(xs)
    high = sum(ys) / len(ys)
    square = sum((b - high - slope * (a - mean)) ** 2 for a, b in zip(xs, ys, strict=True)) / (len(xs) - 2)
    right = float(square / sum((a - mean) ** 2 for a in xs)) ** 0.5
    said = [int(found[1]) for note in fit.notes if (found := re.search(r"errors have about (\d+) digits", note))]
    assert fit.uncertainty.standard_errors[1] == pytest.approx(right, rel=10.0 ** -(said[0] if said else 6))
    assert bool(said) == (span < 1)
    assert any("x lies far" in note for note in fit.notes) == (span < 1)


def test_integers_of_nanoseconds_are_taken():
    x = 1_700_000_000_000_000_000 + np.arange(60) * 10**9
    y = 3 + 2 * np.arange(60) + 0.01 * np.random.default_rng(1).normal(size=60)
    fit = bp.fit_curve(formula(line, (1, 1)), x, y)
    assert fit.estimates[1] == pytest.approx(exact_slope(x, y), rel=1e-6)


@pytest.mark.parametrize("span", [1e-2, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("start", [(1, 1), (0, 0)], ids=str)
def test_where_float64_cannot_tell_it_says_so(start, span):
    x = 1.7e9 + np.linspace(0, span, 60)
    y = 3 + 2 * np.linspace(0, 1, 60) + 0.01 * np.random.default_rng(0).normal(size=60)
    fit = bp.fit_curve(formula(line, start), x, y)
    right = exact_slope(x, y)
    if abs(fit.estimates[1] - right) > 1e-6 * abs(right):
        assert not fit.converged
    if span < 1e-3:
        assert not fit.converged
        assert "no minimum" in fit.notes[0]
        assert any("x lies far from 0 (1.7e+09" in note for note in fit.notes)


def test_a_parabola_over_unix_time_is_said_to_be_beyond_float64():
    x, y = minute("seconds")
    fit = bp.fit_curve(Powers(), x, y + (x - x[0]) ** 2 / 900)
    assert not fit.converged
    assert "cannot be told apart in float64" in fit.notes[0]
    near = bp.fit_curve(Powers(), x - x[0], y + (x - x[0]) ** 2 / 900)
    assert near.converged
    assert not near.notes


def test_a_julian_date_is_fitted_as_if_it_were_small():
    x, first = np.linspace(0, 20, 100), 2459000.0

    def wave(x, a, period, begin, c):
        return a * np.cos(2 * np.pi * (x - begin) / period) + c

    y = wave(x, 0.1, 3.5, 1.2, 12) + 0.002 * np.random.default_rng(2).normal(size=100)
    far = bp.fit_curve(formula(wave, (0.08, 3.51, first + 1, 11)), first + x, y)
    near = bp.fit_curve(formula(wave, (0.08, 3.51, 1, 11)), x, y)
    np.testing.assert_allclose(far.estimates - [0, 0, first, 0], near.estimates, rtol=1e-6)
    assert far.converged
