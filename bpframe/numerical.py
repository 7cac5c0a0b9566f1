"""Jacobians by number, from `forward` alone: the complex step where it works, else Richardson's differences.

The complex step is exact to rounding wherever forward computes an analytic function in calls that take complex
numbers. Whether it does is not believed but measured, against the differences.

Sources: W. Squire and G. Trapp, SIAM Review 40 (1998), 110–112; L. F. Richardson, Phil. Trans. A 226 (1927), 299–361.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Measured", "differentiate", "measured_along"]

Array = np.ndarray[Any, Any]
Function = Callable[[Array], Array]

STEP = 1e-30

#: Central differences with steps h, h/2, h/4, ..., extrapolated.
LEVELS = 4
FIRST_STEP = 0.02


@dataclass(frozen=True)
class Measured:
    """A derivative by number, with an estimate of its error for every entry, and how it was got."""

    value: Array
    error: Array
    method: str


def differentiate(function: Function, at: Array, steps: Array) -> Measured:
    """Return the derivative of `function` at `at` along the direction `steps`, like the function's value.

    `at` and `steps` are float64 arrays of one shape.
    """
    by_differences = _richardson(function, at, steps)
    by_complex = _complex(function, at, steps)
    if by_complex is None or not _agree(by_complex, by_differences):
        return by_differences
    return by_complex


def measured_along(function: Function, at: Array, directions: Array) -> Measured:
    """Return the derivatives along many directions, stacked first: (K, *value)."""
    found = [differentiate(function, at, direction) for direction in directions]
    method = "complex step" if all(each.method == "complex step" for each in found) else "central differences"
    if not found:
        value = function(at)
        return Measured(np.zeros((0, *value.shape)), np.zeros((0, *value.shape)), "complex step")
    return Measured(np.stack([each.value for each in found]), np.stack([each.error for each in found]), method)


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


def _richardson(function: Function, at: Array, steps: Array) -> Measured:
    scale = max(float(np.max(np.abs(at), initial=0.0)), 1.0)
    first = FIRST_STEP * scale if np.max(np.abs(at), initial=0.0) > 1 else FIRST_STEP
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
                    better = change < error
                    best, error = np.where(better, row[-1], best), np.where(better, change, error)
            table = row
        if best is None or error is None:
            raise ValueError("at least two levels")
        noise = 1e-15 * np.abs(function(at)) / (first / 2 ** (LEVELS - 1))
    return Measured(best, error + noise, "central differences")


def _agree(by_complex: Measured, by_differences: Measured) -> bool:
    """Whether two derivatives are the same within the differences' accuracy; then the function is analytic."""
    if by_complex.value.shape != by_differences.value.shape:
        return False
    scale = float(np.max(np.abs(by_differences.value), initial=0.0))
    allowed = 1e-5 * np.abs(by_differences.value) + 1e-6 * scale + 10 * by_differences.error
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(by_complex.value - by_differences.value) <= allowed))
