"""Derivatives along a line by differences, every entry of the value at the step that serves it best.

    D(t) = (g(t) − g(−t)) / 2t        -> g'(0) like t²
    k(t) = (g(t) + g(−t) − 2 g(0)) / t  -> 0 like t, and the jump of the slope where there is a kink

for t = 4⁻¹, 4⁻², ... of the size of what is varied. Both are extrapolated over three neighbouring steps. What the
extrapolation moves, what is left of k, and the rounding of g are the error; rounding that shows only at shorter steps
counts at longer ones in proportion.

Sources: L. F. Richardson, Phil. Trans. A 226 (1927), 299–361; C. J. F. Ridders, Adv. Eng. Software 4 (1982), 75–76,
for the choice of the step by the error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["SETTLED", "Line", "Slope", "by_differences", "sizes"]

Function = Callable[[Array], Array]

EPS = float(np.finfo(np.float64).eps)

#: Differences whose error is below this share of the derivative have settled.
SETTLED = 1e-6

#: Steps are 4⁻ʲ of the size of what is varied: those that serve most functions, those that serve beside a kink, ...
USUAL = (3, 4, 5)
NEARER = range(3, 12)

#: one so short that it meets a feature of any width down to 1e-11 of that size (and, around 0, another), ...
SHORT, SHORTEST = 19, 40

#: and all of them, down to an argument's last digits; those beyond have their turn where nothing is decided yet.
ALL = range(1, 23)
ALL_AT_ZERO = range(1, 31)
LAST = 60
FIRST = -12

#: A step is at least so many last digits of the argument.
FEWEST = 64

#: Even steps meet the last digit of what is computed from them evenly, and its rounding would look like a slope.
UNEVEN = (16 / 16, 19 / 16, 17 / 16, 20 / 16, 18 / 16)

#: Sizes are powers of two between these, so that steps much shorter are numbers, too.
RANGE = (-900, 1000)

#: A constant stretch that a smooth function shows at shorter steps is its rounding, up to this share of the derivative.
STAIRS = 0.05


def sizes(array: Array, by_rows: bool = False) -> Array:
    """Return how large a change of each entry is a whole one: its own magnitude, as a power of two, like the array.

    Where that is zero, or nothing but the rounding of larger ones beside it, the largest magnitude in the array stands
    in for it, or, `by_rows`, in the same place of all rows; and 1 where all are zero.
    """
    found = np.abs(array)
    axis = 0 if by_rows and found.ndim else None
    largest = np.max(found, axis=axis, keepdims=True, initial=0.0)
    if not np.isfinite(largest).all():
        found = np.where(np.isfinite(found), found, 0.0)
        largest = np.max(found, axis=axis, keepdims=True, initial=0.0)
    if not largest.all():
        largest = np.where(largest > 0, largest, 1.0)
    return _power_of_two(np.where(found > EPS * largest, found, largest))


def _power_of_two(array: Array) -> Array:
    """Return the largest power of two that is not larger, within what steps can be taken of."""
    exponents = np.frexp(array)[1] - 1
    return np.asarray(np.ldexp(1.0, np.minimum(np.maximum(exponents, RANGE[0]), RANGE[1])))


class Level(NamedTuple):
    """D(t), k(t), and what the rounding of g and of its argument may make of them."""

    slope: Array
    bend: Array
    noise: Array


class Line:
    """g(t) = f(x + t u d) along a direction d, with u so that at t = 1 the largest step is as long as a whole one.

    `by_rows` says that row n of the value depends on row n of x alone: every row then has a u of its own. Derivatives
    are by t: along d they are those divided by `unit`, which is 1 where the direction is `sized` already.
    """

    def __init__(
        self,
        function: Function,
        at: Array,
        direction: Array,
        by_rows: bool,
        stretch: float = 1.0,
        sized: bool = False,
    ) -> None:
        self.function = function
        self.at = at
        self.by_rows = by_rows and at.ndim > 0
        self._axes = tuple(range(1, at.ndim)) if self.by_rows else None
        self._stretch = stretch
        self._levels: dict[int, Level] = {}
        self._unit = np.ones(()) if sized else self._unit_of(direction)
        self.moved = direction if sized else np.asarray(self._unit * direction, at.dtype)

    def _unit_of(self, direction: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            longest = np.max(np.abs(direction), axis=self._axes, keepdims=self.by_rows, initial=0.0)
            size = np.where(direction != 0, sizes(self.at, self.by_rows), 0.0)
            unit = np.max(size, axis=self._axes, keepdims=self.by_rows, initial=0.0) / longest
            return _power_of_two(np.where(np.isfinite(unit) & (unit > 0), unit, 1.0))

    @cached_property
    def from_zero(self) -> bool:
        """Whether an entry that is zero is varied."""
        return bool(np.any((self.at == 0) & (self.moved != 0)))

    @cached_property
    def here(self) -> Array:
        """g(0)."""
        with np.errstate(all="ignore"):
            return np.asarray(self.function(self.at))

    def unit(self, value: Array) -> Array:
        """Return u in a shape that a value may be divided by."""
        return self._shaped(np.asarray(self._unit), value)

    def step(self, level: int) -> float:
        """Return t of a level: about 4⁻ʲ, a number of few digits so that x + t u e_k is exact."""
        return float(self._stretch * UNEVEN[level % len(UNEVEN)] * 4.0**-level)

    def glance(self, t: float) -> tuple[Array, Array]:
        """Return D(t) and the rounding of g in it, for steps that the argument's digits can take."""
        right, left = (
            np.asarray(self.function(self.at + t * self.moved)),
            np.asarray(self.function(self.at - t * self.moved)),
        )
        return (right - left) / (2 * t), 2 * EPS / t * np.maximum(np.abs(right), np.abs(left))

    def difference(self, t: float) -> tuple[Array, Array, Array, Array]:
        """Return g(t), g(−t), D(t) and its noise; NaN where a step leaves the domain of a function that then raises."""
        with np.errstate(all="ignore"):
            ahead, behind = self.at + t * self.moved, self.at - t * self.moved
            try:
                right, left = np.asarray(self.function(ahead)), np.asarray(self.function(behind))
            except Exception:  # whatever a component says outside its domain
                nothing = np.full_like(self.here, np.nan)
                return nothing, nothing, nothing, nothing
            slope = (right - left) / (2 * t)
            noise = 2 * _eps(right) * np.maximum(np.abs(right), np.abs(left)) / t
            # Of a step that is lost in the argument's last digits, rounding makes a slope of its own.
            clear = t * self.digits(slope) >= FEWEST
            if not self._exact:
                lost = np.abs((ahead - behind) / (2 * t) - self.moved) / np.abs(self.moved)
                lost = np.max(lost, axis=self._axes, keepdims=self.by_rows, initial=0.0, where=self.moved != 0)
                lost = self._shaped(lost, slope)
                clear, noise = clear & (lost < 0.5), noise + lost * np.abs(slope)
            return right, left, np.where(clear, slope, np.nan), noise

    def digits(self, value: Array) -> Array:
        """Return how many last digits of x a step of t = 1 is, where it is most, in the shape of `unit`."""
        return self._shaped(self._digits, value)

    @cached_property
    def _digits(self) -> Array:
        with np.errstate(over="ignore"):
            digits = np.abs(self.moved) / np.spacing(np.abs(self.at))
        return np.asarray(np.max(digits, axis=self._axes, keepdims=self.by_rows, initial=0.0))

    @cached_property
    def _exact(self) -> bool:
        """Whether x + t u d is without rounding: one power of two, or one in each row."""
        single = np.max(np.count_nonzero(self.moved, axis=self._axes), initial=0) <= 1
        return bool(single and self._stretch == 1.0 and np.all(np.isin(np.frexp(self.moved)[0], (0.0, 0.5))))

    def _shaped(self, array: Array, value: Array) -> Array:
        """Return a number, or one of each row, in a shape that a value may be multiplied by."""
        return array.reshape(-1, *(1,) * (value.ndim - 1)) if self.by_rows else array

    def level(self, level: int) -> Level:
        """Return what a step of t = 4⁻ʲ says."""
        if level not in self._levels:
            right, left, slope, noise = self.difference(self.step(level))
            with np.errstate(all="ignore"):
                bend = ((right - self.here) + (left - self.here)) / self.step(level)
            self._levels[level] = Level(slope, bend, noise)
        return self._levels[level]


@dataclass(frozen=True)
class Slope:
    """g'(0) with an estimate of its error, and the part of it that rounding leaves at any step."""

    value: Array
    error: Array
    noise: Array
    kinked: Array
    #: Where g is constant at the shortest steps: these are its rounding, if not meant.
    stairs: Array
    #: Which of the windows it is from, of three steps each; the longest is 0.
    window: Array


def by_differences(line: Line) -> Slope:
    """Return g'(0) from the usual steps where they settle and shorter ones agree, else from the best of all steps."""
    for levels in (USUAL, NEARER):
        found = _best(line, levels)
        if _suffices(line, found):
            return found
    return _searched(line)


def _suffices(line: Line, found: Slope) -> bool:
    """Whether all entries are known as well as their rounding allows, and the shortest steps agree."""
    with np.errstate(all="ignore"):
        truncated = found.error - found.noise
        if not np.all(truncated <= 1e-7 * np.abs(found.value) + 8 * _least_noise(line)):
            return False
        # Where a function does not move close by and does further away, or rounding spoils all, longer steps may tell.
        if np.any((found.value == 0) & (line.level(USUAL[0]).slope != 0)):
            return False
        poor = np.max(found.error, initial=0.0) > 1e-7 * np.max(np.abs(found.value), initial=0.0)
        if poor and np.any(found.value != 0):
            return False
        return all(
            bool(np.all(_agrees(line.level(short), found)))
            for short in ((SHORT, SHORTEST) if line.from_zero else (SHORT,))
        )


def _searched(line: Line) -> Slope:
    levels = list(ALL_AT_ZERO if line.from_zero else ALL)
    found = _best(line, levels)
    if line.from_zero and not np.all(_agrees(line.level(SHORTEST), found)):
        levels += range(levels[-1] + 1, LAST)
        found = _best(line, levels)
    while levels[-1] < LAST and np.any(_open(found) & (found.window >= len(levels) - 5)):
        if not np.any(np.isfinite(line.level(levels[-1] + 1).slope)):
            break
        levels += range(levels[-1] + 1, levels[-1] + 6)
        found = _best(line, levels)
    while levels[0] > FIRST and np.any(_wants_longer(line, found, levels[0])):
        levels = [*range(levels[0] - 3, levels[0]), *levels]
        found = _best(line, levels)
    return found


def _open(found: Slope) -> Array:
    """Return which entries no step has decided, though there is no kink."""
    settled = found.error <= np.maximum(SETTLED * np.abs(found.value), 16 * found.noise)
    return np.asarray(~settled & ~found.kinked)


def _wants_longer(line: Line, found: Slope, first: int) -> Array:
    """Return which entries are best at the longest steps, where rounding is what their error is."""
    moves = (line.level(first).slope != 0) | (line.level(first).bend != 0)
    rounded = (found.error > 1e-8 * np.abs(found.value)) & (found.error <= 32 * found.noise)
    return np.asarray((found.window == 0) & moves & rounded)


def _agrees(short: Level, found: Slope) -> Array:
    """Return where a short step, of few digits, says what longer ones say: that they overlook nothing narrower."""
    with np.errstate(all="ignore"):
        apart = np.abs(short.slope - found.value)
        allowed = 1e-6 * np.abs(found.value) + 16 * short.noise + 8 * found.error
        return np.asarray(np.isnan(short.slope) | (apart <= allowed))


def _best(line: Line, levels: Sequence[int]) -> Slope:
    """Return, entry by entry, what three neighbouring steps say whose error is smallest."""
    each = _windows(line, levels)
    with np.errstate(all="ignore"):
        if len(levels) == len(USUAL):
            window = np.zeros(line.here.shape, int)
            stairs = np.zeros(line.here.shape, bool)
        else:
            window, stairs = _chosen(each, _steps(line, levels))
        value, error, noise, jump = (_at(array, window) for array in (each.value, each.error, each.noise, each.jump))
        kinked = (jump > 1e-3 * (np.abs(value) + jump / 2)) & (jump > 16 * noise)
    return Slope(value, error, noise, kinked, stairs, window)


class Windows(NamedTuple):
    """What every three neighbouring steps say, those of the longest first; `flat` where g does not move."""

    value: Array
    error: Array
    noise: Array
    jump: Array
    flat: Array


def _windows(line: Line, levels: Sequence[int]) -> Windows:
    slope, bend, noise = (np.stack(each) for each in zip(*(line.level(each) for each in levels), strict=True))
    t = _steps(line, levels)
    with np.errstate(all="ignore"):
        first = slope[1:] + (slope[1:] - slope[:-1]) / ((t[:-1] / t[1:]) ** 2 - 1)
        value = first[1:] + (first[1:] - first[:-1]) / ((t[:-2] / t[2:]) ** 2 - 1)
        jump = bend[1:] + (bend[1:] - bend[:-1]) / (t[:-1] / t[1:] - 1)
        cubic = t[:-1] * t[1:] * (t[:-1] + t[1:])
        jump = np.abs(jump[1:] + (jump[1:] - jump[:-1]) / (cubic[:-1] / cubic[1:] - 1))
        near = np.abs(np.stack([part for each in USUAL for part in line.level(each)[:2]]))
        noise = np.maximum(noise[2:], EPS * np.max(near, axis=0, initial=0.0, where=np.isfinite(near)))
        # What is computed from the argument may be rounded as the argument is.
        noise = noise + np.abs(value) / (32 * t[2:] * line.digits(line.here))
        error = np.abs(first[1:] - first[:-1]) / 4 + jump / 2 + noise
        known = np.isfinite(error) & np.isfinite(value)
        largest = np.maximum.accumulate(np.where(known, error * t[:-2], 0.0)[::-1])[::-1]
        error = np.where(known, largest / t[:-2], np.inf)
        flat = (slope == 0) & (bend == 0)
    return Windows(value, error, noise, jump, flat[1:-1] & flat[2:])


def _chosen(each: Windows, t: Array) -> tuple[Array, Array]:
    """Return the window for every entry of the value, and whether it is stairs that it says nothing of."""
    value, error, noise, _, flat = each
    # What a shorter step says certainly is not what a longer one says: the function turns in between. Certain is what
    # the next longer ones bear out: among the rounding of shorter steps, some agree by chance.
    amplitude = np.where(np.isfinite(error), error, 0.0) * t[:-2]
    amplitude[1:] = np.maximum(amplitude[1:], amplitude[:-1])
    amplitude[1:] = np.maximum(amplitude[1:], amplitude[:-1])
    certain = 8 * amplitude / t[:-2]
    silent = flat | ~np.isfinite(error)
    least = np.maximum.accumulate(np.where(silent, -np.inf, value - certain)[::-1])[::-1]
    most = np.minimum.accumulate(np.where(silent, np.inf, value + certain)[::-1])[::-1]
    refuted = (value[:-1] + 8 * error[:-1] < least[1:]) | (value[:-1] - 8 * error[:-1] > most[1:])
    error[:-1][refuted] = np.inf
    window = np.argmin(error, axis=0)
    other = np.argmin(np.where(flat, np.inf, error), axis=0)
    stairs = _at(flat, window) & ~_at(flat, other) & (_at(error, other) <= STAIRS * np.abs(_at(value, other)))
    window = np.where(stairs, other, window)
    # Where steps do nothing although a slope as large would show, so much of it is meant, or is rounding.
    longest = np.argmax(flat, axis=0)
    shown = np.abs(_at(value, window)) > 8 * _at(noise, longest)
    return window, stairs | (_at(flat, longest) & ~_at(flat, window) & (longest > window) & shown)


def _steps(line: Line, levels: Sequence[int]) -> Array:
    return np.array([line.step(each) for each in levels]).reshape(-1, *(1,) * line.here.ndim)


def _at(array: Array, window: Array) -> Array:
    return np.asarray(np.take_along_axis(array, window[None], axis=0)[0])


def _least_noise(line: Line) -> Array:
    """Return what float64's rounding leaves at the shortest of the usual steps."""
    return 2 * EPS * np.abs(line.here) / line.step(USUAL[-1])


def _eps(value: Array) -> float:
    return float(np.finfo(value.dtype).eps) if value.dtype.kind == "f" else EPS
