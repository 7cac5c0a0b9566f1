"""One column of whatever table: as numbers, NaN where a value is missing, or as texts, None there."""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from bpframe.data.cells import number_hint
from bpframe.data.frames import array_of
from bpframe.data.place import Array, Place
from bpframe.errors import DataError

__all__ = ["number_column", "text_column"]

_DATES = "mM"


def number_column(column: Any, name: str, place: Place, gaps: bool) -> Array:
    """Return a column as numbers (N,) in float64, NaN where a value is missing and `gaps` are allowed.

    Raises DataError for anything else, with row and column.
    """
    values = array_of(column)
    if values.ndim == 1 and values.dtype.kind in "biuf":
        numbers = values.astype(np.float64)
        if not gaps and np.isnan(numbers).any():
            raise _missing(name, place, int(np.flatnonzero(np.isnan(numbers))[0]))
        return numbers
    if values.ndim != 1 or values.dtype.kind in _DATES:
        raise _no_number(values.dtype if values.ndim == 1 else values.shape, name, place, 0)
    numbers = np.empty(len(values))
    for row, value in enumerate(values.tolist()):
        if is_gap(value):
            if not gaps:
                raise _missing(name, place, row)
            numbers[row] = np.nan
        elif isinstance(value, Real | Decimal):
            try:
                numbers[row] = float(value)
            except OverflowError:
                raise _no_number(value, name, place, row) from None
        else:
            raise _no_number(value, name, place, row)
    return numbers


def text_column(column: Any, name: str, place: Place, gaps: bool) -> Array:
    """Return a column as texts (N,), objects, None where a value is missing and `gaps` are allowed.

    Whole numbers are written without a point, so that a column that became floating-point by a gap has the same texts.
    Raises DataError for anything that is neither text nor number, with row and column.
    """
    values = array_of(column)
    if values.ndim != 1 or values.dtype.kind in _DATES:
        raise _no_number(values.dtype if values.ndim == 1 else values.shape, name, place, 0)
    texts = np.empty(len(values), object)
    for row, value in enumerate(values.tolist()):
        if is_gap(value):
            if not gaps:
                raise _missing(name, place, row)
            texts[row] = None
        elif isinstance(value, str):
            texts[row] = value
        elif isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53:
            texts[row] = str(int(value))
        elif isinstance(value, Real) and (isinstance(value, int) or abs(float(value)) < 2.0**53):
            texts[row] = str(value)
        else:
            raise DataError(
                f"{place.source}, {place.row(row)}, column {name!r}: {value!r:.60} is no category",
                expected="texts, whole numbers that floating point holds exactly, or truth values",
                received=type(value).__name__,
            )
    return texts


def is_gap(value: Any) -> bool:
    """Return whether a value of some library stands for a missing one."""
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float | np.floating) and math.isnan(value))
    )


def _missing(name: str, place: Place, row: int) -> DataError:
    return DataError(
        f"{place.source}, {place.row(row)}, column {name!r}: the value is missing",
        expected="a value in every row",
        hint='fill it in, or say what to do: from_table(..., missing="mean"), "indicator" or "drop"',
    )


def _no_number(value: Any, name: str, place: Place, row: int) -> DataError:
    told = number_hint(value.strip()) if isinstance(value, str) else None
    date = isinstance(value, np.dtype) or hasattr(value, "isoformat") or hasattr(value, "total_seconds")
    date = date or (told is not None and "dates" in told)
    return DataError(
        f"{place.source}, {place.row(row)}, column {name!r} does not hold numbers",
        expected="real numbers",
        received=f"{value!r:.60}",
        hint="give dates and times as numbers: days since the first, or year, month, weekday in columns of their own"
        if date
        else f"from_table(..., categorical=[{name!r}]) makes numbers of categories",
    )
