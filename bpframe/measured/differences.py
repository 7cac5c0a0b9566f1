"""Derivatives along a line by differences, every entry of the value at the step that serves it best.

D(t) and k(t) of a `Line` are extrapolated over three neighbouring steps. What the extrapolation moves, what is left of
k, and the rounding of g are the error; rounding that shows only at shorter steps counts at longer ones in proportion.

Sources: L. F. Richardson, Phil. Trans. A 226 (1927), 299–361; C. J. F. Ridders, Adv. Eng. Software 4 (1982), 75–76,
for the choice of the step by the error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bpframe.measured.line import EPS, Level, Line
from bpframe.validation.plain_arrays import Array

__all__ = ["FIRST", "SETTLED", "SHORT", "SHORTEST", "Slope", "by_differences"]

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

#: A constant stretch that a smooth function shows at shorter steps is its rounding, up to this share of the derivative.
STAIRS = 0.05


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
