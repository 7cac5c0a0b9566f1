"""σ(z) = 1/(1 + e^{−z}) for any finite z, against arithmetic of 60 digits."""

from __future__ import annotations

import warnings

import mpmath
import numpy as np
import pytest
from bpframe_reference import Sigmoid

LARGEST_FINITE = {"float32": 88.0, "float64": 709.0}
EXTREMES = [
    0.0,
    1.0,
    16.0,
    17.0,
    36.7,
    37.5,
    87.0,
    88.0,
    88.8,
    103.0,
    104.0,
    708.0,
    709.0,
    709.8,
    745.0,
    746.0,
    1e4,
    1e30,
]


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture(autouse=True)
def nothing_is_warned_of():
    with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
        warnings.simplefilter("error")
        yield


def extremes(dtype):
    info = np.finfo(dtype)
    tiny = [info.smallest_subnormal, info.smallest_normal / 3, info.smallest_normal, info.eps]
    largest = [info.max, info.max / 2, *([1e308] if dtype == "float64" else [1e38])]
    magnitudes = np.array([*EXTREMES, *tiny, *largest], dtype)
    return np.concatenate([magnitudes, -magnitudes])


def sigma(z):
    sigmoid = Sigmoid()
    a = sigmoid.forward(z, np.empty_like(z))
    slope = sigmoid.jacobian(a, np.empty_like(a)).vjp(np.ones_like(a))
    return a, slope


def exact(z):
    with mpmath.workdps(60):
        a = [1 / (1 + mpmath.exp(-mpmath.mpf(float(each)))) for each in z.ravel()]
        return a, [each * (1 - each) for each in a]


def test_any_finite_z_gives_finite_values_between_0_and_1(dtype):
    z = extremes(dtype).reshape(-1, 1)
    a, slope = sigma(z)
    assert a.dtype == slope.dtype == dtype
    assert np.isfinite(a).all()
    assert np.isfinite(slope).all()
    assert ((a > 0) & (a <= 1)).all()
    assert ((slope >= 0) & (slope <= 0.25)).all()
    assert np.isfinite(Sigmoid().second_derivative(a)).all()


def test_infinitely_far_out_it_reaches_its_limits(dtype):
    z = np.array([[-np.finfo(dtype).max, np.finfo(dtype).max]], dtype)
    a, slope = sigma(z)
    assert a[0, 0] < 2 * np.finfo(dtype).smallest_normal
    assert a[0, 1] == 1
    assert slope[0, 0] < 2 * np.finfo(dtype).smallest_normal
    assert slope[0, 1] == 0


def test_both_tails_are_right_to_a_few_units_in_the_last_place(dtype):
    bound = LARGEST_FINITE[dtype]
    spread = np.random.default_rng(0).uniform(-bound, bound, 3000)
    edges = [z for z in extremes(dtype) if abs(z) <= bound - 1]
    z = np.concatenate([spread[np.abs(spread) < bound - 1], edges]).astype(dtype)
    a, _ = sigma(z.reshape(-1, 1))
    expected, _ = exact(z)
    errors = [abs((mpmath.mpf(float(found)) - true) / true) for found, true in zip(a.ravel(), expected, strict=True)]
    assert max(errors) < 4 * np.finfo(dtype).eps


def test_beyond_the_largest_power_the_error_is_below_the_smallest_normal_number(dtype):
    z = extremes(dtype)
    z = z[z < -LARGEST_FINITE[dtype]]
    a, _ = sigma(z.reshape(-1, 1))
    assert len(z) > 3
    assert (a <= np.finfo(dtype).smallest_normal).all()


def test_the_slope_is_right_to_a_few_roundings_of_one(dtype):
    """σ' = a(1 − a) is relatively accurate where a is small; where a is near 1, 1 − a has an error of a's rounding."""
    eps = float(np.finfo(dtype).eps)
    z = np.linspace(-80, 80, 3001).astype(dtype)
    _, slope = sigma(z.reshape(-1, 1))
    for each, found, true in zip(z, slope.ravel(), exact(z)[1], strict=True):
        error = abs(mpmath.mpf(float(found)) - true)
        assert error < (6 * eps * true if each < 0 else 2 * eps), each


def test_complex_numbers_pass_through():
    z = np.array([[-3.0, 0.5, 40.0]]) + 1e-30j
    a = Sigmoid().forward(z, np.empty_like(z))
    _, slope = exact(z.real)
    np.testing.assert_allclose(a.imag.ravel() / 1e-30, np.array(slope, dtype=float), rtol=1e-14)
