"""The Jacobian of a plain function is right, whatever the function does with complex numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import erf

import bpframe as bp
from bpframe.errors import DerivativeError, ShapeMismatch
from tests.curve_fitting.formulas import X, Y, decay, decay_slopes

START = {"a": 1.0, "k": 1.0, "c": 0.0}
EXPECTED = bp.fit_curve(decay, X, Y, start=START, jacobian=decay_slopes)


def by_points(x, a, k, c):
    return np.array([a * math.exp(-k * each) + c for each in x])


def dropping(x, a, k, c):
    y = np.zeros(x.shape)
    y[:] = decay(x, a, k, c)
    return y


def real_part(x, a, k, c):
    return decay(x, np.real(a), np.real(k), np.real(c)) + 0j if np.iscomplexobj(a) else decay(x, a, k, c)


def conjugated(x, a, k, c):
    return decay(x, a, np.conj(k), c)


def half(x, a, k, c):
    """Complex numbers go through, but not all of what depends on k."""
    return a * np.exp(-np.real(k) * x) + c


def branching(x, a, k, c):
    return decay(x, a, k, c) if a > 0 else np.full(x.shape, 1e3)


def one_number_only(x, a, k, c):
    assert np.ndim(a) == 0
    return decay(x, a, k, c)


MEMORY = np.empty(40)


def into_one_memory(x, a, k, c):
    MEMORY[:] = decay(x, float(a), float(k), float(c))
    return MEMORY


def outer(x, a, k, c):
    """In one call for all parameters this adds up what belongs to one."""
    return decay(x, np.sum(a), k, c)


WAYS = (
    by_points, dropping, real_part, conjugated, half, branching, one_number_only, into_one_memory, outer
)  # fmt: skip


@pytest.mark.parametrize("f", WAYS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("warn", ["error", "ignore"])
def test_what_complex_steps_get_wrong_is_found_by_differences(f, warn, recwarn):
    fit = bp.fit_curve(f, X, Y, start=START)
    np.testing.assert_allclose(fit.estimates, EXPECTED.estimates, rtol=1e-6)
    np.testing.assert_allclose(fit.covariance, EXPECTED.covariance, rtol=1e-5)
    assert fit.converged
    np.testing.assert_allclose(fit.prediction_errors(X), EXPECTED.prediction_errors(X), rtol=1e-5)
    assert not recwarn.list


def test_a_column_that_others_hide_is_compared_by_itself():
    def f(x, a, tiny):
        return 1e6 * a * x + np.real(tiny) * x**2  # the second is lost beside the first

    y = 1e6 * 2 * X + 3 * X**2 + 1e-3 * np.random.default_rng(0).normal(size=40)
    fit = bp.fit_curve(f, X, y, start={"a": 1, "tiny": 1})
    beta = np.linalg.lstsq(np.stack([1e6 * X, X**2], 1), y, rcond=None)[0]
    np.testing.assert_allclose(fit.estimates, beta, rtol=1e-6)
    assert np.isfinite(fit.standard_errors["tiny"])


def test_a_given_jacobian_may_be_a_mapping_or_columns_and_is_used():
    calls = []

    def mapping(x, a, k, c):
        calls.append(1)
        return {"k": -a * x * np.exp(-k * x), "a": np.exp(-k * x), "c": 1.0}

    fit = bp.fit_curve(decay, X, Y, start=START, jacobian=mapping)
    np.testing.assert_allclose(fit.estimates, EXPECTED.estimates, rtol=1e-9)
    assert calls


@pytest.mark.parametrize("factor", [1.001, -1.0, 0.0, np.nan])
def test_a_wrong_jacobian_is_refused_by_the_parameter(factor):
    def wrong(x, a, k, c):
        slopes = decay_slopes(x, a, k, c)
        slopes[:, 1] *= factor
        return slopes

    with pytest.raises(DerivativeError, match="decay by 'k'") as caught:
        bp.fit_curve(decay, X, Y, start=START, jacobian=wrong)
    assert "by differences" in caught.value.expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda x, a, k, c: decay_slopes(x, a, k, c).T, "numpy.stack"),
        (lambda x, a, k, c: {"a": x, "k": x}, "nothing of 'c'"),
        (lambda x, a, k, c: {"a": x[:3], "k": x, "c": x}, "another shape by 'a'"),
    ],
    ids=["rows", "missing", "short"],
)
def test_a_jacobian_of_another_shape_is_refused(given, words):
    with pytest.raises(ShapeMismatch, match=words.replace(".", r"\.")):
        bp.fit_curve(decay, X, Y, start=START, jacobian=given)


def test_special_functions_and_kinks():
    def step(x, a, m, s):
        return a * erf((x - m) / s)

    y = step(X, 2.0, 1.5, 0.8) + 0.01 * np.random.default_rng(0).normal(size=40)
    fit = bp.fit_curve(step, X, y, start={"a": 1, "m": 1, "s": 1})
    np.testing.assert_allclose(fit.estimates, [2, 1.5, 0.8], atol=0.03)

    def ramp(x, a, m):
        return np.where(np.real(x) > m, a * (x - m), 0.0)

    y = ramp(X, 2.0, 1.51) + 0.01 * np.random.default_rng(0).normal(size=40)
    fit = bp.fit_curve(ramp, X, y, start={"a": 1, "m": 1})
    np.testing.assert_allclose(fit.estimates, [2, 1.51], atol=0.02)
    assert fit.converged


def test_rounded_answers_are_no_minimum_in_silence():
    fit = bp.fit_curve(lambda x, a, k, c: np.round(decay(x, a, k, c), 1), X, Y, start=START)
    assert fit.notes
