"""The first call of a function at the start of a fit, and its points: what cannot be fitted is refused there."""

from __future__ import annotations

import numpy as np

from bpframe.curve_fitting.formula import Formula
from bpframe.curve_fitting.residuals import Values
from bpframe.errors import DataError, NonFiniteError, ShapeMismatch
from bpframe.validation.plain_arrays import Array, place_of

__all__ = ["check_start", "require_finite"]


def require_finite(name: str, array: Array) -> None:
    """Refuse points with NaN or infinity. Errors: DataError."""
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0])
        raise DataError(
            f"data {name} is not finite",
            expected="finite numbers",
            received=f"{array[place]:g} at {place_of(place)}",
            hint="nan_policy='omit' leaves points with NaN out" if np.isnan(array[place]) else None,
        )


def check_start(formula: Formula, points: list[Array], values: Values, theta: Array) -> None:
    """Refuse a function that returns no numbers, numbers of another shape than y, or none that are finite.

    Errors: DataError, ShapeMismatch, NonFiniteError.
    """
    value = formula.call(points, formula.values(theta))
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        told = {"c": "complex numbers", "b": "truth values"}.get(array.dtype.kind, f"a {type(value).__name__}")
        raise DataError(f"{formula.name} does not return real numbers", expected="an array of floats", received=told)
    if array.shape != values.shape:
        raise _shape_error(formula, points, values.shape, array.shape)
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0])
        told = ", ".join(f"{name} = {number:.6g}" for name, number in zip(formula.entries, theta, strict=True))
        raise NonFiniteError(
            f"{formula.name} is not finite at the start",
            expected="a finite value at every point",
            received=f"{array[place]} at {place_of(place)}, with {told}",
            hint=f"start={{'{formula.entries[0].partition('[')[0]}': ...}}, another start",
        )


def _shape_error(
    formula: Formula, points: list[Array], wanted: tuple[int, ...], received: tuple[int, ...]
) -> ShapeMismatch:
    hint, name = None, formula.points[0]
    first = points[0].shape
    if received == ():
        hint = f"one value for each point: {formula.name}'s result times numpy.ones_like({name})"
    elif int(np.prod(received)) == int(np.prod(wanted)):
        hint = f"return result.reshape({wanted})"
    elif len(first) == 2 and wanted == first[1:] and received == first[:1]:
        hint = f"points lie along the last axis here: {name}[0] is the first variable; or {name}.T as x"
    elif len(first) == 2 and wanted == first[:1] and received == first[1:]:
        hint = f"points lie along the first axis here: {name}[:, 0] is the first variable; or {name}.T as x"
    shown = ", ".join(f"{each} {array.shape}" for each, array in zip(formula.points, points, strict=True))
    return ShapeMismatch(
        f"{formula.name} returns another shape than y has",
        expected=f"{wanted}, one value for each of y, from {shown}",
        received=str(received),
        hint=hint,
    )
