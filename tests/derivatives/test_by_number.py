"""Derivatives by number are right to the error that they state, at every scale, or say that they are not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bpframe.measured.by_number import (
    Measured,
    differentiate,
    has_kink,
    jacobian_columns,
    measured_along,
    measured_with,
)
from bpframe.measured.line import sizes

Function = Callable[[Any], Any]

METRE, DAY = 0.2e-9, 0.01


class Counted:
    """A function of one number that counts its calls."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return np.asarray(self.function(x))


def by_differences(function: Function, x: float) -> Measured:
    return measured_with(False, Counted(function), np.array(x), np.ones(()))


def slope_of(function: Function, x: float) -> float:
    """The derivative at 60 digits, of a formula in mpmath."""
    with mpmath.workdps(60):
        step = (abs(mpmath.mpf(x)) or mpmath.mpf(10) ** -12) * mpmath.mpf(10) ** -25
        return float(mpmath.re(mpmath.diff(function, mpmath.mpf(x), h=step)))


#: A formula in NumPy and in mpmath, the point, and the share of the derivative that is left open.
CASES: dict[str, tuple[Function, Function, float, float]] = {
    "sine": (np.sin, mpmath.sin, 1.0, 1e-10),
    "a line in metres": (
        lambda m: 2 * np.exp(-(((589.1e-9 - m) / METRE) ** 2) / 2),
        lambda m: 2 * mpmath.exp(-(((mpmath.mpf(589.1e-9) - m) / mpmath.mpf(METRE)) ** 2) / 2),
        589.02e-9,
        1e-9,
    ),
    "a Julian date": (
        lambda t: np.exp(-(((2460000.51 - t) / DAY) ** 2) / 2),
        lambda t: mpmath.exp(-(((mpmath.mpf(2460000.51) - t) / mpmath.mpf(DAY)) ** 2) / 2),
        2460000.5,
        1e-5,
    ),
    "a decay": (lambda t: np.exp(-1e-5 / t), lambda t: mpmath.exp(-mpmath.mpf(1e-5) / t), 1.3e-5, 1e-10),
    "fast waves": (lambda x: np.sin(1e6 * x), lambda x: mpmath.sin(mpmath.mpf(1e6) * x), 0.7, 1e-6),
    "a huge argument": (np.log, mpmath.log, 1e300, 1e-8),
    "a huge value": (lambda x: np.exp(30 * x), lambda x: mpmath.exp(30 * x), 20.0, 1e-9),
    "nanometres around 0": (lambda x: np.sin(x / 1e-9), lambda x: mpmath.sin(x / mpmath.mpf(1e-9)), 0.0, 1e-9),
    "femtoseconds around 0": (
        lambda x: np.sin(x / 1e-15 + 0.3),
        lambda x: mpmath.sin(x / mpmath.mpf(1e-15) + mpmath.mpf(0.3)),
        0.0,
        1e-9,
    ),
    "gigahertz around 0": (
        lambda x: np.sin(x / 1e9 + 0.3),
        lambda x: mpmath.sin(x / mpmath.mpf(1e9) + mpmath.mpf(0.3)),
        0.0,
        1e-7,
    ),
    "zero far away": (
        lambda x: x * np.exp(-((x / 1e-9) ** 2)),
        lambda x: x * mpmath.exp(-((x / mpmath.mpf(1e-9)) ** 2)),
        0.0,
        1e-9,
    ),
    "saturated": (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + mpmath.exp(-x)), 20.0, 1e-4),
    "beside the end of the domain": (np.sqrt, mpmath.sqrt, 1e-12, 1e-9),
    "at a billionth from the end": (np.log1p, mpmath.log1p, -1 + 1e-9, 1e-5),
    "cancelling": (lambda x: (1e8 + np.sin(x)) - 1e8, mpmath.sin, 0.7, 1e-5),
    "a large offset": (lambda x: 1e10 + np.sin(x), mpmath.sin, 0.7, 1e-3),
    "a large phase": (lambda x: np.sin(1e8 + x), lambda x: mpmath.sin(10**8 + x), 0.3, 1e-5),
    "float32 inside": (lambda x: np.sin(np.float32(x)).astype(np.float64), mpmath.sin, 0.7, 1e-4),
    "float32 outside": (lambda x: np.sin(np.float32(x)), mpmath.sin, 0.7, 1e-3),
}


@pytest.mark.parametrize("name", CASES)
def test_the_error_of_differences_is_stated_and_small(name: str) -> None:
    function, formula, x, share = CASES[name]
    exact, found = slope_of(formula, x), by_differences(function, x)
    assert abs(found.value - exact) <= 8 * found.error
    assert found.error <= share * abs(exact)


@pytest.mark.parametrize("name", [name for name in CASES if "float32" not in name and name != "cancelling"])
def test_the_complex_step_is_believed_where_it_is_right(name: str) -> None:
    function, formula, x, _ = CASES[name]
    found = differentiate(Counted(function), np.array(x), np.ones(()))
    assert found.method == "complex step"
    np.testing.assert_allclose(found.value, slope_of(formula, x), rtol=1e-7 if name == "a large phase" else 1e-10)


@pytest.mark.parametrize("scale", [1e-12, 1e-7, 1.0, 1e9, 1e12])
@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda u: np.abs(u) * u, lambda u: 2 * abs(u)),
        (lambda u: np.exp(-np.abs(u)), lambda u: -np.sign(u) * np.exp(-abs(u))),
        (lambda u: u + np.abs(np.sin(u)), lambda u: 1 + np.cos(u) * np.sign(np.sin(u))),
        (lambda u: u.real**3, lambda u: 3 * u**2),
    ],
)
def test_it_is_not_believed_where_a_formula_is_not_analytic(function: Function, slope: Function, scale: float) -> None:
    for u in (0.7, -1.3):
        found = differentiate(Counted(lambda x: function(x / scale)), np.array(u * scale), np.ones(()))
        assert found.method == "central differences"
        np.testing.assert_allclose(found.value * scale, slope(u), rtol=1e-9)


KINKS: dict[str, tuple[Function, float, float | None]] = {
    "abs": (np.abs, 0.0, None),
    "abs beside its kink": (lambda x: np.abs(x - 1), 1 + 1e-9, 1.0),
    "relu": (lambda x: np.maximum(x, 0), 1e-12, 1.0),
    "relu, dead": (lambda x: np.maximum(x, 0), -1e-12, 0.0),
    "narrow": (lambda x: np.clip(x, -1e-5, 1e-5), 3e-6, 1.0),
    "stairs": (np.floor, 0.7, 0.0),
    "small stairs": (lambda x: np.floor(30 * x), 0.71, 0.0),
    "constant": (lambda x: 3 + 0 * x, 0.7, 0.0),
    "flat": (lambda x: np.exp(-1 / (x * x + 1e-300)), 0.0, 0.0),
    "cubic": (lambda x: np.abs(x) ** 3, 0.0, 0.0),
    "noise": (lambda x: np.sin(x) + 1e-6 * np.sin(x * 1e17), 0.7, None),
    "a root's end": (lambda x: np.sqrt(np.abs(x)), 0.0, None),
}


@pytest.mark.parametrize("name", KINKS)
def test_beside_a_kink_the_slope_is_that_of_the_side_and_on_it_nothing_is_known(name: str) -> None:
    function, x, slope = KINKS[name]
    found = by_differences(function, x)
    if slope is None:
        assert not found.settled
    else:
        assert found.settled
        assert abs(found.value - slope) <= 8 * found.error + 1e-15
    assert bool(has_kink(Counted(function), np.array(x), np.ones(()))) == (name in ("abs", "a root's end"))


def test_small_stairs_of_a_rising_function_may_be_rounding_and_refute_neither() -> None:
    found = by_differences(lambda x: np.round(x, 9), 0.7003)
    assert found.stairs
    assert abs(found.value - 1) < 1e-6
    for declared, known in ((0.0, False), (1.0, True), (2.0, True)):
        assert bool(found.settled_for(np.array(declared))) == known


def test_what_raises_outside_its_domain_is_measured_inside() -> None:
    def logarithm(x: Any) -> Any:
        if np.any(x.real <= 0):
            raise ValueError("not positive")
        return np.log(x)

    for x in (1e-9, 1.0, 1e9):
        np.testing.assert_allclose(by_differences(logarithm, x).value, 1 / x, rtol=1e-10)


#: Shapes in u = (x − c) / w, with their slopes.
SHAPES: dict[str, tuple[Function, Function]] = {
    "bell": (lambda u: np.exp(-u * u / 2), lambda u: -u * np.exp(-u * u / 2)),
    "step": (np.tanh, lambda u: 1 / np.cosh(u) ** 2),
    "wave": (np.sin, np.cos),
    "resonance": (lambda u: 1 / (1 + u * u), lambda u: -2 * u / (1 + u * u) ** 2),
    "cusp": (lambda u: np.exp(-np.abs(u)), lambda u: -np.sign(u) * np.exp(-abs(u))),
    "ramp": (lambda u: np.maximum(u, 0), lambda u: float(u > 0)),
    "parabola": (lambda u: u * u, lambda u: 2 * u),
    "fold": (np.abs, np.sign),
    "band": (lambda u: np.clip(u, -1, 1), lambda u: float(abs(u) < 1)),
    "root": (lambda u: np.sqrt(np.abs(u)), lambda u: np.sign(u) / (2 * np.sqrt(abs(u)))),
    "pole": (lambda u: np.log(np.abs(u)), lambda u: 1 / u),
}


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.floats(-12, 9),  # lg w
    st.one_of(st.none(), st.floats(-3, 9)),  # lg |x| / w, or x = 0
    st.floats(-4, 4),  # u
    st.floats(-6, 6),  # lg of the height
    st.sampled_from([0.0, 1.0, 1e6]),  # an offset
    st.sampled_from([0.0, 1e-3, 1.0, 10.0]),  # a slope of everything, over the whole of x
    st.booleans(),
)
def test_a_feature_of_any_width_anywhere_is_seen_or_not_known(shape, width, at, u, height, offset, rise, left) -> None:
    w, a = 10.0**width, 10.0**height
    x = 0.0 if at is None else float((-1 if left else 1) * w * 10.0**at)
    c = x - u * w
    u = (x - c) / w
    assume(abs(u) > 1e-3)
    assume(abs(abs(u) - 1) > 1e-6 or shape != "band")
    function, slope = SHAPES[shape]
    b, rise = offset * a, rise * a / max(abs(x), w)
    found = by_differences(lambda x: a * function((x - c) / w) + rise * x + b, x)
    exact = a * slope(u) / w + rise
    # Tails below the rounding of what they stand on are nobody's to see.
    hidden = 1e-6 * abs(exact) + 1e-9 * a / w * (at is not None and at > 6)
    if found.settled:
        assert abs(found.value - exact) <= 8 * found.error + hidden
    cancels = abs(exact) < 1e-3 * rise  # the feature's slope takes away that of everything
    beyond = cancels or (at is not None and at > 6) or offset
    assert found.settled or beyond or shape in ("root", "pole", "cusp", "fold", "band")


def test_rows_of_very_different_sizes_are_each_measured_by_their_own() -> None:
    x = np.array([[1e-9], [1e6], [3.0], [-2e-4], [0.0]])
    for power in (lambda x: np.abs(x) ** 1.5 * np.sign(x.real), lambda x: x * np.sqrt(x * x + 1e-20)):
        found = differentiate(power, x, np.ones_like(x), by_rows=True)
        exact = [[float(slope_of(lambda t: abs(t) ** 1.5 if t > 0 else -(abs(t) ** 1.5), each))] for each in x[:4, 0]]
        if found.method == "central differences":
            np.testing.assert_allclose(found.value[:4], exact, rtol=1e-8)
        else:
            np.testing.assert_allclose(found.value, (2 * x**2 + 1e-20) / np.sqrt(x * x + 1e-20), rtol=1e-12)


def test_columns_of_very_different_sizes_are_measured_one_by_one() -> None:
    p = np.array([2.0, 589.02e-9, 0.3e-9])
    x = np.linspace(588e-9, 590e-9, 7)

    def line(p: Any) -> Any:
        return p[0] * np.exp(-(((x - p[1]) / p[2]) ** 2) / 2)

    def real_line(p: Any) -> Any:
        return line(p.real)

    u = (x - p[1]) / p[2]
    y = p[0] * np.exp(-u * u / 2)
    exact = np.stack([y / p[0], y * u / p[2], y * u * u / p[2]])
    np.testing.assert_allclose(jacobian_columns(line, p, False), exact, rtol=1e-12)
    np.testing.assert_allclose(jacobian_columns(real_line, p, False), exact, rtol=1e-6)


def test_the_size_of_an_entry_is_its_own_and_that_of_its_neighbours_where_it_has_none() -> None:
    np.testing.assert_array_equal(sizes(np.array([3.0, -0.3, 0.0, 1e-17])), [2, 0.25, 2, 2])
    np.testing.assert_array_equal(sizes(np.zeros(2)), [1, 1])
    found = sizes(np.array([[1e-9, 0.0], [2e6, 5.0]]), by_rows=True)
    np.testing.assert_array_equal(found, [[2.0**-30, 4], [2.0**20, 4]])


def test_a_smooth_function_takes_five_calls_and_one_that_is_not_analytic_nine() -> None:
    smooth = Counted(lambda x: np.exp(-x) * np.sin(3 * x))
    assert differentiate(smooth, np.array([0.3, 1.2]), np.ones(2)).method == "complex step"
    assert smooth.calls == 5
    narrow = Counted(CASES["a line in metres"][0])
    assert differentiate(narrow, np.array(589.02e-9), np.ones(())).method == "complex step"
    assert narrow.calls == 7
    folded = Counted(lambda x: np.exp(-np.abs(x)))
    measured_with(False, folded, np.array([0.3, 1.2]), np.ones(2))
    assert folded.calls == 9


def test_no_direction_and_no_rows() -> None:
    assert measured_along(np.sin, np.ones(3), np.zeros((0, 3))).value.shape == (0, 3)
    empty = np.zeros((0, 3))
    assert jacobian_columns(np.sin, empty, True).shape == (3, 0, 3)
    assert differentiate(np.abs, empty, empty, by_rows=True).value.shape == (0, 3)
