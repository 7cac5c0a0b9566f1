"""Jacobians by number, from `forward` alone: the complex step where it works, else differences.

The complex step is exact to rounding wherever forward computes an analytic function in calls that take complex
numbers. Whether it does is not believed but measured, against differences whose step shrinks until they can tell:
see `bpframe.measured.complex_step` and `bpframe.measured.differences`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bpframe.measured.complex_step import agrees, agrees_at_once, complex_column, complex_step
from bpframe.measured.differences import FIRST, SETTLED, Slope, by_differences
from bpframe.measured.line import Function, Line, sizes
from bpframe.validation.plain_arrays import Array

__all__ = [
    "Measured",
    "differentiate",
    "has_kink",
    "is_analytic",
    "jacobian_columns",
    "measured_along",
    "measured_further",
    "measured_with",
    "moves_as",
]

#: A single difference that shows how a function moves is over 4⁻ʲ.
GLANCE = 4

#: Where a function does not move, steps grow by 4ʲ, up to so long a one where what is varied is tiny; ...
FURTHER, LONGEST = 6, 2.0**64

#: and so many times the first that moves it moves it by digits enough.
CLEARLY = 4.0**12

#: It moves where it does so by more than so many last digits.
MOVES = 16


@dataclass(frozen=True)
class Measured:
    """A derivative by number, with an estimate of its error for every entry, and how it was got.

    `rounding` is the part of the error that no choice of steps takes away. `stairs` are where the function is constant
    close by and has this slope further away: it is rounded there, unless stairs are what it means.
    """

    value: Array
    error: Array
    method: str
    rounding: Array | float = 0.0
    stairs: Array | bool = False

    @property
    def settled(self) -> Array:
        """Which entries are known well: not those next to a kink or a jump. True or False, like `value`."""
        finite = np.isfinite(self.value) & np.isfinite(self.error)
        with np.errstate(invalid="ignore"):
            known = finite & (self.error <= 1e-3 * np.abs(self.value))
            scale = float(np.max(np.abs(self.value), initial=0.0, where=known))
            return np.asarray(finite & (self.error <= np.maximum(SETTLED * scale, 16 * np.asarray(self.rounding))))

    def settled_for(self, declared: Array) -> Array:
        """Which entries are known well enough to judge what is declared: stairs may mean that it is zero."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.settled & ~(self.stairs & (np.abs(declared) <= 8 * self.error)))


def differentiate(
    function: Function, at: Array, direction: Array, by_rows: bool = False, stretch: float = 1.0
) -> Measured:
    """Return the derivative of `function` at `at` along a direction, like the function's value.

    `at` and `direction` are float64 arrays of one shape. `by_rows` says that row n of the value depends on row n of
    `at` alone, so that steps may differ from row to row. Differences whose steps are stretched by another factor than
    1 give a second opinion.
    """
    line = Line(function, at, direction, by_rows, stretch)
    by_complex = complex_step(line)
    if by_complex is not None and agrees_at_once(line, by_complex):
        return _exact(line, by_complex)
    found = by_differences(line)
    if by_complex is not None and agrees(by_complex, found):
        return _exact(line, by_complex)
    return _measured(line, found)


def measured_along(
    function: Function, at: Array, directions: Array, by_rows: bool = False, stretch: float = 1.0
) -> Measured:
    """Return the derivatives along many directions, stacked first: (K, *value)."""
    found = [differentiate(function, at, direction, by_rows, stretch) for direction in directions]
    method = "complex step" if all(each.method == "complex step" for each in found) else "central differences"
    if not found:
        value = function(at)
        return Measured(np.zeros((0, *value.shape)), np.zeros((0, *value.shape)), "complex step")
    return Measured(
        np.stack([each.value for each in found]),
        np.stack([each.error for each in found]),
        method,
        np.stack([np.broadcast_to(each.rounding, each.value.shape) for each in found]),
        np.stack([np.broadcast_to(each.stairs, each.value.shape) for each in found]),
    )


def jacobian_columns(function: Function, at: Array, by_rows: bool) -> Array:
    """Return the derivatives by every entry of `at`, stacked first, (K, *value), by one method for all of them.

    `by_rows`, K counts the entries of a row, and column k varies entry k of every row. The method is chosen along a
    direction that changes every entry: the complex step where differences confirm it.
    """
    size = sizes(at, by_rows)
    places = [
        (slice(None), *place) if by_rows else place for place in np.ndindex(at.shape[1:] if by_rows else at.shape)
    ]
    if not places:
        return np.zeros_like(at, shape=(0, *function(at).shape))
    if is_analytic(function, at, _generic(at.shape) * size, by_rows):
        return np.stack([complex_column(function, at, place, size[place]) for place in places])
    found = []
    for place in places:
        direction = np.zeros_like(at)
        direction[place] = 1
        found.append(measured_with(False, function, at, direction, by_rows).value)
    return np.stack(found)


@lru_cache(maxsize=64)
def _generic(shape: tuple[int, ...]) -> Array:
    """Return a direction that changes every entry."""
    return np.asarray(np.random.default_rng(0).standard_normal(shape))


def is_analytic(function: Function, at: Array, direction: Array, by_rows: bool = False) -> bool:
    """Whether the complex step works along a direction of entries' sizes, and differences confirm it.

    Their steps are as short as it takes.
    """
    line = Line(function, at, direction, by_rows, sized=True)
    by_complex = complex_step(line)
    if by_complex is None:
        return False
    return agrees_at_once(line, by_complex) or agrees(by_complex, by_differences(line))


def measured_with(analytic: bool, function: Function, at: Array, direction: Array, by_rows: bool = False) -> Measured:
    """Return the derivative along a direction, from the complex step where the function `is_analytic`."""
    line = Line(function, at, direction, by_rows)
    found = complex_step(line) if analytic else None
    return _measured(line, by_differences(line)) if found is None else _exact(line, found)


def moves_as(value: float, function: Function, at: Array, direction: Array, allowed: float) -> bool:
    """Whether one difference shows a number's derivative along a direction, rounding included, within what is allowed.

    It costs three values. False says nothing where the function bends, or where rounding hides how it moves.
    """
    line = Line(function, at, direction, False)
    with np.errstate(all="ignore"):
        right, left, slope, noise = line.difference(line.step(GLANCE))
        # Beside a kink, both sides may cancel.
        bend = np.abs((right - line.here) + (left - line.here)) / (2 * line.step(GLANCE))
        unit = line.unit(slope)
        return bool(np.all(np.abs(slope / unit - value) + (bend + 32 * noise) / unit <= allowed))


def measured_further(function: Function, at: Array, direction: Array, hidden: float) -> Measured | None:
    """Return the derivative of a number along a direction from steps as long as it takes until it moves.

    None where it does not move at any, or moves by more than what is `hidden` by rounding at usual steps: that those do
    nothing is no rounding then. Whole steps and longer ones, to 2⁶⁴, are tried; after the first that moves it by more
    than its last digits, steps are taken as if 4¹² times as much were a whole one.
    """
    line = Line(function, at, direction, False)
    with np.errstate(all="ignore"):
        whole = float(np.max(np.abs(line.moved), initial=0.0))
        for level in range(0, -1200, -FURTHER):
            t = line.step(level)
            if level < FIRST and not t * whole <= LONGEST:
                return None
            right, left, slope, _ = line.difference(t)
            if not (np.isfinite(right).all() and np.isfinite(left).all()):
                break
            last = MOVES * np.finfo(np.float64).eps * np.abs(line.here)
            if np.all(np.maximum(np.abs(right - line.here), np.abs(left - line.here)) <= last):
                continue
            bend = ((right - line.here) + (left - line.here)) / t
            if np.all(np.maximum(np.abs(slope), np.abs(bend)) / line.unit(slope) > 16 * hidden):
                return None
            scaled = Line(function, at, np.asarray(t * CLEARLY * line.moved), False, sized=True)
            found = _measured(scaled, by_differences(scaled))
            unit = t * CLEARLY * line.unit(found.value)
            return Measured(
                found.value / unit, found.error / unit, found.method, np.asarray(found.rounding) / unit, found.stairs
            )
    return Measured(np.zeros(()), np.full((), np.inf), "central differences")


def has_kink(function: Function, at: Array, direction: Array, by_rows: bool = False) -> Array:
    """Return where the derivatives to both sides differ however near: True or False, like the value."""
    return by_differences(Line(function, at, direction, by_rows)).kinked


def _exact(line: Line, slope: Array) -> Measured:
    with np.errstate(all="ignore"):
        value = slope / line.unit(slope)
    return Measured(value, 1e-14 * np.abs(value), "complex step")


def _measured(line: Line, found: Slope) -> Measured:
    unit = line.unit(found.value)
    with np.errstate(all="ignore"):
        value, error, rounding = (each / unit for each in (found.value, found.error, found.noise))
    return Measured(value, error, "central differences", rounding, found.stairs)
