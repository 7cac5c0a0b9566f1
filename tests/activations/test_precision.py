"""Values, slopes and second derivatives beside mpmath with 50 digits, up to arguments of ten thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from bpframe_activations import Elu, Gelu, LogSigmoid, LogSoftmax, Mish, Selu, Silu, Softmax, Softplus, Softsign, Tanh

from bpframe.testing.point import Point
from bpframe.testing.probing import probe_of

mp = mpmath.mp.clone()
mp.dps = 50

ALPHA = mp.mpf("1.6732632423543772848170429916717")
SCALE = mp.mpf("1.0507009873554804934193349852946")


def smoothed(z: Any) -> Any:
    return mp.log1p(mp.exp(z))


def by_tanh(z: Any) -> Any:
    return z / (1 + mp.exp(-2 * mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3)))


SMOOTH: dict[Any, Callable[[Any], Any]] = {
    Elu(): lambda z: z if z > 0 else mp.expm1(z),
    Elu(alpha=0.5): lambda z: z if z > 0 else mp.expm1(z) / 2,
    Gelu(): lambda z: z * mp.ncdf(z),
    Gelu(approximate="tanh"): by_tanh,
    LogSigmoid(): lambda z: -smoothed(-z),
    Mish(): lambda z: z * mp.tanh(smoothed(z)),
    Selu(): lambda z: SCALE * z if z > 0 else SCALE * ALPHA * mp.expm1(z),
    Silu(): lambda z: z / (1 + mp.exp(-z)),
    Softplus(): smoothed,
    Softsign(): lambda z: z / (1 + abs(z)),
    Tanh(): mp.tanh,
}
BOUNDED = [-1e4, -1e3, -750.0, -700.0, -100.0, -40.0, -37.0, -20.0, -10.0, -5.0, -1.5, -0.7, -1e-3, -1e-9]
ARGUMENTS = np.array([*BOUNDED, *(-z for z in reversed(BOUNDED))])


def names(component: Any) -> str:
    return f"{component.kind}{component}"


def at(component: Any, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the output, the diagonal of the Jacobian, and that of the second derivative."""
    probe: Any = probe_of(component, [z.shape[1:]])
    trace = probe.trace(Point({"z": z}, batch=len(z)))
    ones = np.ones_like(z)
    bent = getattr(component, "second_derivative", None)
    words = {"z": z, "y": probe.value(Point({"z": z}, batch=len(z)))}
    if "saved" in bent.__code__.co_varnames:
        words["saved"] = {}
        component.forward(z, saved=words["saved"], out=np.empty_like(z))
    asked = {word: each for word, each in words.items() if word in bent.__code__.co_varnames}
    return words["y"], trace.jacobian("it")["z"].vjp(ones), bent(**asked)


@pytest.mark.parametrize("component", SMOOTH, ids=names)
def test_smooth_ones_are_as_precise_as_their_dtype_on_both_tails(component: Any) -> None:
    exact = SMOOTH[component]
    value, slope, bend = at(component, ARGUMENTS[:, None])
    values = np.array([float(exact(mp.mpf(float(z)))) for z in ARGUMENTS])
    normal = np.abs(values) > 1e-300
    slopes = np.array([float(mp.diff(exact, mp.mpf(float(z)))) for z in ARGUMENTS])
    # One rounding of z changes e^{−z²/2} at −37 by more than 1e-13: no formula could do better.
    rounding = np.abs(ARGUMENTS * slopes) * np.finfo(float).eps
    off = np.abs(value[:, 0] - values)
    assert np.all(off[normal] <= np.maximum(1e-13 * np.abs(values), rounding)[normal]), off
    assert np.all(np.abs(value[~normal]) <= 1e-300)
    for found, order in ((slope, 1), (bend, 2)):
        expected = [float(mp.diff(exact, mp.mpf(float(z)), order)) for z in ARGUMENTS]
        np.testing.assert_allclose(found[:, 0], expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("component", SMOOTH, ids=names)
def test_in_float32_nothing_overflows_and_precision_is_that_of_float32(component: Any) -> None:
    z = ARGUMENTS.astype(np.float32)[:, None]
    for found, precise in zip(at(component, z), at(component, z.astype(np.float64)), strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, precise, rtol=3e-6, atol=3e-6)


@pytest.mark.parametrize("component", SMOOTH, ids=names)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_numbers_have_finite_slopes(component: Any, dtype: Any) -> None:
    largest = np.finfo(dtype).max / 8
    for each in at(component, np.array([[-largest], [largest], [0.0]], dtype)):
        assert np.isfinite(each).all()


SCORES = [
    [0.0, 0.0, 0.0],
    [1e4, 0.0, -1e4],
    [-1e4, -1e4 + 1, -1e4 - 30],
    [700.0, 690.0, 30.0],
    [-30.0, 5.0, 1.25],
]


@pytest.mark.parametrize("component", [Softmax(), LogSoftmax()], ids=names)
def test_softmax_and_its_logarithm_are_precise_for_far_scores(component: Any) -> None:
    z = np.array(SCORES)
    probe: Any = probe_of(component, [(3,)])
    value = probe.value(Point({"z": z}, batch=len(z)))
    for row, scores in zip(value, SCORES, strict=True):
        total = mp.fsum(mp.exp(mp.mpf(each)) for each in scores)
        shares = [mp.exp(mp.mpf(each)) / total for each in scores]
        exact = [float(mp.log(each)) if component.kind == "log_softmax" else float(each) for each in shares]
        np.testing.assert_allclose(row, exact, rtol=1e-13, atol=1e-300)
