"""Jacobians by number, from `forward` alone: the complex step where it works, else Richardson's differences.

The complex step is exact to rounding wherever forward computes an analytic function in calls that take complex
numbers. Whether it does is not believed but measured, against the differences.

Sources: W. Squire and G. Trapp, SIAM Review 40 (1998), 110–112; L. F. Richardson, Phil. Trans. A 226 (1927), 299–361.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "FIRST_STEP",
    "Measured",
    "derivatives",
    "differentiate",
    "has_kink",
    "is_analytic",
    "measured_along",
    "measured_with",
]

Array = np.ndarray[Any, Any]
Function = Callable[[Array], Array]

STEP = 1e-30

#: Central differences with steps h, h/2, h/4, ..., extrapolated.
LEVELS = 4
FIRST_STEP = 0.02

#: Where they do not settle (a kink, a pole, the end of a domain within reach), again with steps so many times shorter.
SHORTER = (20.0, 400.0)

#: Differences whose error is below this share of the largest entry have settled.
SETTLED = 1e-6


@dataclass(frozen=True)
class Measured:
    """A derivative by number, with an estimate of its error for every entry, and how it was got.

    `rounding` is the part of the error that no choice of steps takes away.
    """

    value: Array
    error: Array
    method: str
    rounding: Array | float = 0.0

    @property
    def settled(self) -> Array:
        """Which entries are known well: not those next to a kink or a jump. True or False, like `value`."""
        finite = np.isfinite(self.value) & np.isfinite(self.error)
        scale = float(np.max(np.abs(self.value), initial=0.0, where=finite))
        with np.errstate(invalid="ignore"):
            return np.asarray(finite & (self.error <= np.maximum(SETTLED * scale, 4 * np.asarray(self.rounding))))


def differentiate(function: Function, at: Array, steps: Array, first: float = FIRST_STEP) -> Measured:
    """Return the derivative of `function` at `at` along the direction `steps`, like the function's value.

    `at` and `steps` are float64 arrays of one shape. Differences begin with steps `first`, relative to the size of
    `at`: another choice gives a second opinion.
    """
    by_differences = _differences(function, at, steps, first)
    by_complex = _complex(function, at, steps)
    if by_complex is None or not _agree(by_complex, by_differences):
        return by_differences
    return by_complex


def measured_along(function: Function, at: Array, directions: Array, first: float = FIRST_STEP) -> Measured:
    """Return the derivatives along many directions, stacked first: (K, *value)."""
    found = [differentiate(function, at, direction, first) for direction in directions]
    method = "complex step" if all(each.method == "complex step" for each in found) else "central differences"
    if not found:
        value = function(at)
        return Measured(np.zeros((0, *value.shape)), np.zeros((0, *value.shape)), "complex step")
    return Measured(
        np.stack([each.value for each in found]),
        np.stack([each.error for each in found]),
        method,
        np.stack([np.broadcast_to(each.rounding, each.value.shape) for each in found]),
    )


def derivatives(function: Function, at: Array, directions: Iterable[Array]) -> Array:
    """Return the derivatives along many directions, stacked first, (K, *value), by one method for all of them.

    It is chosen along a direction that changes every entry: the complex step where it agrees with the differences.
    """
    generic: Array = np.asarray(np.random.default_rng(0).standard_normal(at.shape), like=at)
    analytic = _is_plainly_analytic(function, at, generic) or is_analytic(function, at, generic)
    columns = [measured_with(analytic, function, at, direction).value for direction in directions]
    return np.stack(columns) if columns else np.zeros_like(at, shape=(0, *function(at).shape))


def is_analytic(function: Function, at: Array, steps: Array, first: float = FIRST_STEP) -> bool:
    """Whether the complex step along a direction works and agrees with the differences."""
    return differentiate(function, at, steps, first).method == "complex step"


def _is_plainly_analytic(function: Function, at: Array, steps: Array) -> bool:
    """Whether the complex step agrees with differences of two lengths in every entry, without any allowance for theirs.

    Most functions show it after four values, where finding out what the differences are worth takes many more. False
    says nothing: where they are too coarse, or a kink is near, `is_analytic` looks closer.
    """
    by_complex = _complex(function, at, steps)
    if by_complex is None:
        return False
    h = FIRST_STEP / 10 * max(float(np.max(np.abs(at), initial=0.0)), 1.0)
    try:
        with np.errstate(all="ignore"):
            long, short = (
                (function(at + each * steps) - function(at - each * steps)) / (2 * each) for each in (h, h / 2)
            )
            value = (4 * short - long) / 3
            scale = float(np.max(np.abs(value), initial=0.0))
            if by_complex.value.shape != value.shape:
                return False
            return bool(np.all(np.abs(by_complex.value - value) <= 1e-5 * np.abs(value) + 1e-6 * scale))
    except Exception:  # a step may leave the domain of a function that then raises
        return False


def measured_with(analytic: bool, function: Function, at: Array, steps: Array, first: float = FIRST_STEP) -> Measured:
    """Return the derivative along a direction, from the complex step where the function `is_analytic`."""
    found = _complex(function, at, steps) if analytic else None
    return found or _differences(function, at, steps, first)


def has_kink(function: Function, at: Array, steps: Array) -> Array:
    """Return where the derivatives to both sides differ, at distances of 1e-4 and 1e-6: True or False, like the value.

    Central differences do not see a kink that lies exactly at `at`: they settle on the mean of both sides.
    """
    found: Array | None = None
    with np.errstate(all="ignore"):
        value = function(at)
        for h in (1e-4, 1e-6):
            h *= max(float(np.max(np.abs(at), initial=0.0)), 1.0)
            right, left = _one_sided(function, at, steps, value, h), _one_sided(function, at, steps, value, -h)
            noise = 20 * np.finfo(np.float64).eps * np.abs(value) / h
            differ = ~(np.abs(right - left) <= 1e-3 * np.maximum(np.abs(right), np.abs(left)) + noise)
            found = differ if found is None else found & differ
    return np.asarray(found)


def _one_sided(function: Function, at: Array, steps: Array, value: Array, h: float) -> Array:
    """Return (f(x + h d) − f(x)) / h with the term of order h removed."""
    long, short = ((function(at + each * steps) - value) / each for each in (h, h / 2))
    return 2 * short - long


def _complex(function: Function, at: Array, steps: Array) -> Measured | None:
    """Return Im f(x + i h d) / h, or None where forward does not take complex numbers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            with np.errstate(all="ignore"):
                value = function(at + 1j * STEP * steps)
    except Exception:  # whatever a component makes of complex numbers: the differences stay
        return None
    if value.dtype.kind != "c":
        return None
    derivative = value.imag / STEP
    return Measured(derivative, 1e-14 * np.abs(derivative), "complex step")


def _differences(function: Function, at: Array, steps: Array, first: float) -> Measured:
    """Return extrapolated central differences, entry by entry from the longest steps that settle."""
    first *= max(float(np.max(np.abs(at), initial=0.0)), 1.0)
    found: Measured | None = None
    failure: Exception | None = None
    for shorter in (1.0, *SHORTER):
        try:
            finer = _richardson(function, at, steps, first / shorter)
        except Exception as error:  # a step may leave the domain of a function that then raises
            failure = error
            continue
        if found is None:
            found = finer
        else:
            with np.errstate(invalid="ignore"):
                better = ~found.settled & ~(finer.error >= found.error)
            found = Measured(
                np.where(better, finer.value, found.value),
                np.where(better, finer.error, found.error),
                found.method,
                np.where(better, finer.rounding, found.rounding),
            )
        if found.settled.all():
            break
    if found is None:
        raise failure or ValueError("no differences")
    return found


def _richardson(function: Function, at: Array, steps: Array, first: float) -> Measured:
    table: list[Array] = []
    best: Array | None = None
    error: Array | None = None
    with np.errstate(all="ignore"):
        for level in range(LEVELS):
            h = first / 2**level
            row = [(function(at + h * steps) - function(at - h * steps)) / (2 * h)]
            for order, before in enumerate(table):
                factor = 4.0 ** (order + 1)
                row.append((factor * row[order] - before) / (factor - 1))
            if level:
                change = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - table[-1]))
                if error is None or best is None:
                    best, error = row[-1], change
                else:
                    better = ~(change >= error)  # also where the longer steps gave NaN
                    best, error = np.where(better, row[-1], best), np.where(better, change, error)
            table = row
        if best is None or error is None:
            raise ValueError("at least two levels")
        noise = 1e-15 * np.abs(function(at)) / (first / 2 ** (LEVELS - 1))
        # Longer steps agree by chance where a kink lies on both sides, as in sorting; the shortest must confirm them.
        last = np.abs(best - table[-1])
        error = np.where(last <= 8 * noise, error, np.maximum(error, last))
    return Measured(best, error + noise, "central differences", noise)


def _agree(by_complex: Measured, by_differences: Measured) -> bool:
    """Whether two derivatives are the same within the differences' accuracy; then the function is analytic.

    Next to a kink the differences say nothing; at least one entry must speak for the complex step.
    """
    if by_complex.value.shape != by_differences.value.shape:
        return False
    settled = by_differences.settled
    if settled.size and not settled.any():
        return False
    value = by_differences.value
    scale = float(np.max(np.abs(value), initial=0.0, where=settled))
    allowed = 1e-5 * np.abs(value) + 1e-6 * scale + 10 * by_differences.error
    with np.errstate(invalid="ignore"):
        return bool(np.all((np.abs(by_complex.value - value) <= allowed) | ~settled))
