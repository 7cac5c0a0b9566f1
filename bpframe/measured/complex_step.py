"""The complex step along a line, and whether differences show that it is right.

    g'(0) ≈ Im g(i h) / h        exact to rounding wherever g is analytic, in calls that take complex numbers

Source: W. Squire and G. Trapp, SIAM Review 40 (1998), 110–112.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.measured.complex_warning import complex_warning_raises
from bpframe.measured.differences import SHORT, SHORTEST, Slope
from bpframe.measured.line import Function, Line
from bpframe.validation.plain_arrays import Array

__all__ = ["agrees", "agrees_at_once", "complex_column", "complex_step"]

#: The complex step, relative to the size of what is varied.
STEP = 2.0**-100

#: Steps 4⁻ʲ at one of which differences have to show the complex step's derivative, in every entry.
SHRINKING = (7, 10, 13, 16)


def complex_step(line: Line) -> Array | None:
    """Return Im g(i h) / h, or None where forward does not take complex numbers."""
    value = _complex_value(line.function, line.at + 1j * (STEP * line.moved))
    with np.errstate(all="ignore"):
        return None if value is None else value.imag / STEP


def complex_column(function: Function, at: Array, place: tuple[Any, ...], size: Array) -> Array:
    """Return Im f(x + i h e_k) / h for the entry of a place, or for that of each row, of this size."""
    step = STEP * size
    moved = at.astype(np.complex128)
    moved.imag[place] = step
    with np.errstate(all="ignore"):
        column = np.asarray(function(moved)).imag
        return np.asarray(column / (step.reshape(-1, *(1,) * (column.ndim - 1)) if step.ndim else step))


def agrees_at_once(line: Line, by_complex: Array) -> bool:
    """Whether differences of single steps show the complex step's derivative in every entry, and nothing overlooked.

    Most functions show it after four values, where finding out what the differences are worth takes more. False says
    nothing: next to a kink, or where digits cancel, `agrees` looks closer.
    """

    def glance(level: int) -> tuple[Array, Array]:
        try:
            return line.glance(line.step(level))
        except Exception:  # a step may leave the domain of a function that then raises
            nothing = np.full(by_complex.shape, np.nan)
            return nothing, nothing

    with np.errstate(all="ignore"):
        size = np.abs(by_complex)
        seen, before, shown = np.zeros((), bool), np.full((), np.nan), np.full((), np.nan)
        for level in SHRINKING:
            slope, noise = glance(level)
            if slope.shape != by_complex.shape:
                return False
            apart = np.abs(slope - by_complex)
            # What a longer step showed is not refuted by a shorter one whose rounding hides as much.
            seen = seen | (apart <= 1e-5 * size) | ((apart <= 1e-5 * size + 4 * noise) & ~(8 * noise > shown))
            if seen.all():
                break
            shown = np.where(apart > 1e-5 * size + 16 * noise, apart, np.nan)
            if (~seen & (np.abs(slope - before) <= 1e-5 * np.abs(slope))).any():
                return False  # two steps agree, on something else
            before = slope
        else:
            return False
        # What is narrower than those steps is met by the shortest; no digits are asked of it.
        for level in (SHORT,) if by_complex.all() or not line.from_zero else (SHORT, SHORTEST):
            slope, noise = glance(level)
            if not (np.abs(slope - by_complex) <= 0.01 * size + 32 * noise).all():
                return False
    return True


def agrees(by_complex: Array, found: Slope) -> bool:
    """Whether two derivatives are the same within the differences' accuracy; then the function is analytic.

    Next to a kink the differences say nothing; at least one entry must speak for the complex step.
    """
    if by_complex.shape != found.value.shape:
        return False
    with np.errstate(invalid="ignore"):
        settled = found.error <= np.maximum(1e-3 * np.abs(found.value), 16 * found.noise)
        if settled.size and not settled.any():
            return False
        allowed = 1e-5 * np.abs(found.value) + 10 * found.error
        return bool(np.all((np.abs(by_complex - found.value) <= allowed) | ~settled))


def _complex_value(function: Function, at: Array) -> Array | None:
    try:
        with complex_warning_raises(), np.errstate(all="ignore"):
            value = np.asarray(function(at))
    except Exception:  # whatever a component makes of complex numbers: the differences stay
        return None
    return value if value.dtype.kind == "c" else None
