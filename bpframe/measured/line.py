"""Differences of a function along a line, at steps of any length, with what rounding makes of them.

    D(t) = (g(t) − g(−t)) / 2t          -> g'(0) like t²
    k(t) = (g(t) + g(−t) − 2 g(0)) / t  -> 0 like t, and the jump of the slope where there is a kink

for t = 4⁻¹, 4⁻², ... of the size of what is varied.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["EPS", "Function", "Level", "Line", "sizes"]

Function = Callable[[Array], Array]

EPS = float(np.finfo(np.float64).eps)

#: A step is at least so many last digits of the argument.
FEWEST = 64

#: Even steps meet the last digit of what is computed from them evenly, and its rounding would look like a slope.
UNEVEN = (16 / 16, 19 / 16, 17 / 16, 20 / 16, 18 / 16)

#: Sizes are powers of two between these, so that steps much shorter are numbers, too.
RANGE = (-900, 1000)


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
        self, function: Function, at: Array, direction: Array, by_rows: bool, stretch: float = 1.0, sized: bool = False
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


def _eps(value: Array) -> float:
    return float(np.finfo(value.dtype).eps) if value.dtype.kind == "f" else EPS
