"""What an array must be before anything is computed from it: numbers, all of them finite."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from bpframe.data.place import Array, Place
from bpframe.errors import DataError
from bpframe.validation.indexed import Indexed

__all__ = ["FloatName", "float_name", "in_portions", "require_examples", "require_finite", "require_numeric"]

#: How many bytes are read at once, of what is read from its beginning to its end.
PORTION = 1 << 24

FloatName = Literal["float32", "float64"]


def float_name(dtype: npt.DTypeLike) -> FloatName:
    """Return ``float32`` or ``float64``; any other dtype is a DataError."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = repr(dtype)
    if name not in ("float32", "float64"):
        raise DataError("data cannot be given in this dtype", expected="float32 or float64", received=name)
    return cast(FloatName, name)


def in_portions(array: Array) -> list[slice]:
    """Return the rows of an array, read from its beginning to its end, in portions."""
    step = max(1, PORTION * len(array) // max(1, array.nbytes))
    return [slice(first, min(first + step, len(array))) for first in range(0, len(array), step)]


def require_numeric(array: Array, place: Place) -> None:
    """Refuse arrays that hold anything but real numbers or truth values."""
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{place.source} does not hold real numbers",
            expected="an array of integers, floating-point numbers or truth values",
            received=f"dtype {array.dtype}",
            hint="text labels need one_hot: true" if array.dtype.kind in "US" else "convert the array before saving it",
        )


def require_examples(array: Array, place: Place) -> None:
    """Refuse an array without examples on axis 0, or whose examples have no entries."""
    if array.ndim == 0:
        raise DataError(
            f"{place.source} is a single number", expected="an array with the examples on axis 0", received="shape ()"
        )
    if array.size == 0:
        raise DataError(
            f"{place.source} is empty", expected="at least one example with one entry", received=f"shape {array.shape}"
        )


def require_finite(array: Array, place: Place, *, cause: str = "") -> None:
    """Refuse NaN and infinities, naming the first one's row and column.

    `cause` says what may have produced it where the data themselves were finite.
    """
    if array.dtype.kind != "f":
        return
    if isinstance(array, Indexed):
        for rows in in_portions(array):
            require_finite(array[rows], place.take(np.arange(rows.start, rows.stop)), cause=cause)
        return
    finite = np.isfinite(array)
    if finite.all():
        return
    first = tuple(int(i) for i in np.argwhere(~finite)[0])
    count = int(array.size - np.count_nonzero(finite))
    raise DataError(
        f"{place.source}, {place.row(first[0])}{place.column(first[1:])}: {array[first]} is not a finite number{cause}",
        expected="finite numbers only",
        received=f"{count} of {array.size} entries are NaN or infinite",
        hint="remove or replace these entries",
    )
