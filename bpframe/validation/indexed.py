"""Examples that are read where they lie, some at a time: mapped files, sequences, data sets of HDF5 and Zarr."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from bpframe.errors import BpframeError, DataError
from bpframe.validation.plain_arrays import Array, plain_array

__all__ = ["Indexed", "Rows", "indexed", "indexed_pair", "is_mapped"]

#: Which examples: a range of them, or their numbers.
Rows = slice | Array


class Indexed:
    """An array (N, *shape) of which the examples that are asked for are read, and no others kept.

    `read` returns the examples of an array of numbers, in their order. `array[rows]` and `array.take(rows)` are those
    of NumPy's arrays, for a slice or an array of numbers alone.
    """

    def __init__(
        self, read: Callable[[Array], Array], count: int, shape: tuple[int, ...], dtype: Any, what: str
    ) -> None:
        self.read = read
        self.shape = (count, *shape)
        self.dtype = np.dtype(dtype)
        self.what = what

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes all examples would take."""
        return math.prod(self.shape) * int(self.dtype.itemsize)

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)

    def __getitem__(self, rows: Rows | int) -> Array:
        if isinstance(rows, int | np.integer):
            return cast(Array, self.read(np.arange(len(self))[[rows]])[0])
        return self.read(np.arange(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows))

    def take(self, rows: Array, axis: int = 0, out: Array | None = None, mode: str = "clip") -> Array:
        """Return the examples of these numbers, in `out` where it is given, as `numpy.ndarray.take` does."""
        found = self.read(rows)
        if out is None:
            return found
        out[...] = found
        return out

    def select(self, rows: Array) -> Indexed:
        """Return some of the examples, of which none is read yet."""
        return Indexed(lambda some: self.read(rows[some]), len(rows), self.shape[1:], self.dtype, self.what)

    def then(self, change: Callable[[Array], Array]) -> Indexed:
        """Return what `change` makes of examples, portion by portion; the first one tells its shape and dtype.

        What `change` refuses is refused by the number of the example.
        """

        def read(rows: Array) -> Array:
            part = self.read(rows)
            try:
                return change(part)
            except BpframeError as error:
                raise _of_one(error, change, part, rows, self.what) from error

        first = read(np.zeros(1, int))
        return Indexed(read, len(self), first.shape[1:], first.dtype, self.what)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        raise DataError(
            f"the {self.what} is read in portions, and wanted whole",
            expected="an array in memory",
            received=f"{self.dtype} of shape {self.shape}",
            hint="numpy.asarray(x[:1000]) of some examples; fit, cost, accuracy and predict read in portions",
        )


def _of_one(error: BpframeError, change: Callable[[Array], Array], part: Array, rows: Array, what: str) -> BpframeError:
    """Return the error of the first example that is refused, which says its number."""
    for place, row in enumerate(rows):
        try:
            change(part[place : place + 1])
        except BpframeError as found:
            return type(found)(
                f"example {int(row):,} of the {what}: {found.problem}",
                expected=found.expected,
                received=found.received,
                hint=found.hint,
            )
    return error


def indexed(value: Any, what: str) -> Indexed | None:
    """Return what is read in portions of a value; None of what lies in memory, or is no sequence of examples.

    That is an array whose memory is a mapped file; what has `shape`, `dtype` and `chunks`, as data sets of HDF5 and
    Zarr do; and what has `__len__` and `__getitem__`, and is neither a list, nor a table, nor turns into an array.

    Errors: DataError (the first example cannot be read).
    """
    if isinstance(value, Indexed):
        return value
    if isinstance(value, np.ndarray):
        if not is_mapped(value) or not value.ndim or isinstance(value, np.ma.MaskedArray):
            return None
        array = value.view(np.ndarray)
        return Indexed(lambda rows: array[rows], len(array), array.shape[1:], array.dtype, what)
    if not (hasattr(value, "__len__") and hasattr(value, "__getitem__")) or _in_memory(value):
        return None
    if hasattr(value, "chunks") and hasattr(value, "shape") and isinstance(getattr(value, "dtype", None), np.dtype):
        read = _reading_sorted(value, what)
        return Indexed(read, int(value.shape[0]), tuple(map(int, value.shape[1:])), value.dtype, what)
    if hasattr(value, "__array__") or not len(value):
        return None
    first = _example(value, 0, what)
    return Indexed(_reading_each(value, first, what), len(value), first.shape, first.dtype, what)


def indexed_pair(value: Any) -> tuple[Indexed, Indexed] | None:
    """Return inputs and targets of a sequence whose examples are pairs (x, y), each read once; None of others.

    Errors: DataError (the first example cannot be read).
    """
    if isinstance(value, np.ndarray) or not (hasattr(value, "__len__") and hasattr(value, "__getitem__")):
        return None
    if _in_memory(value) or hasattr(value, "__array__") or not len(value):
        return None
    first = _item(value, 0, "examples")
    if not isinstance(first, tuple | list) or len(first) != 2:
        return None
    parts = [_as_example(each, 0, what) for each, what in zip(first, ("input", "target"), strict=True)]
    kept: dict[
        bytes, tuple[Array, Array]
    ] = {}  # what inputs and targets of the same rows are read by one after another

    def read(rows: Array) -> tuple[Array, Array]:
        key = np.ascontiguousarray(rows).tobytes()
        if key not in kept:
            found = tuple(np.empty((len(rows), *each.shape), each.dtype) for each in parts)
            for place, row in enumerate(rows):
                item = _item(value, int(row), "examples")
                if not isinstance(item, tuple | list) or len(item) != 2:
                    raise DataError(f"example {int(row):,} is no pair (x, y)", received=type(item).__name__)
                for to, each, like, what in zip(found, item, parts, ("input", "target"), strict=True):
                    to[place] = _alike(_as_example(each, int(row), what), like, int(row), what)
            kept.clear()
            kept[key] = found  # type: ignore[assignment]
        return kept[key]

    x, y = parts
    return (
        Indexed(lambda rows: read(rows)[0], len(value), x.shape, x.dtype, "input"),
        Indexed(lambda rows: read(rows)[1], len(value), y.shape, y.dtype, "target"),
    )


def is_mapped(array: Array) -> bool:
    """Whether an array, or what it is a view of, is a file that is mapped into memory."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap.mmap) or (isinstance(base, memoryview) and isinstance(base.obj, mmap.mmap))


def _in_memory(value: Any) -> bool:
    """Whether a value is a plain container or a table, which other code knows."""
    return isinstance(value, Mapping | list | tuple | str | bytes | range) or any(
        hasattr(value, name) for name in ("iloc", "column_names", "columns")
    )


def _reading_sorted(value: Any, what: str) -> Callable[[Array], Array]:
    """Return what reads rows of a data set that takes numbers in rising order alone."""

    def read(rows: Array) -> Array:
        distinct, back = np.unique(rows, return_inverse=True)
        try:
            if len(distinct) and distinct[-1] - distinct[0] + 1 == len(distinct):
                found = np.asarray(value[int(distinct[0]) : int(distinct[-1]) + 1])
            else:
                found = np.asarray(value[distinct])
        except BpframeError:
            raise
        except Exception as error:
            raise _unreadable(what, rows, error) from error
        if found.shape != (len(distinct), *value.shape[1:]):
            raise DataError(
                f"the {what} has other examples than it says",
                expected=f"{(len(distinct), *value.shape[1:])}",
                received=f"{found.shape}",
            )
        return found[back.reshape(-1)]

    return read


def _reading_each(value: Any, first: Array, what: str) -> Callable[[Array], Array]:
    def read(rows: Array) -> Array:
        found = np.empty((len(rows), *first.shape), first.dtype)
        for place, row in enumerate(rows):
            found[place] = _alike(_example(value, int(row), what), first, int(row), what)
        return found

    return read


def _example(value: Any, row: int, what: str) -> Array:
    return _as_example(_item(value, row, what), row, what)


def _item(value: Any, row: int, what: str) -> Any:
    try:
        return value[row]
    except BpframeError:
        raise
    except IndexError as error:
        raise DataError(
            f"the {what} has no example {row:,}, and says that there are {len(value):,}",
            expected="as many examples as len() says",
            received=f"IndexError: {error}",
        ) from error
    except Exception as error:
        raise _unreadable(what, np.array([row]), error) from error


def _as_example(item: Any, row: int, what: str) -> Array:
    array = plain_array(item, what)
    if array.dtype.kind not in "biufSU":
        raise DataError(
            f"example {row:,} of the {what} is no array of numbers", expected="numbers", received=f"{array.dtype}"
        )
    return array


def _alike(array: Array, first: Array, row: int, what: str) -> Array:
    if array.shape != first.shape or array.dtype != first.dtype:
        raise DataError(
            f"example {row:,} of the {what} is of another kind than the first",
            expected=f"{first.dtype} of shape {first.shape}",
            received=f"{array.dtype} of shape {array.shape}",
        )
    return array


def _unreadable(what: str, rows: Array, error: Exception) -> DataError:
    some = ", ".join(f"{int(row):,}" for row in rows[:5]) + ", ..." * (len(rows) > 5)
    return DataError(
        f"example{'s' * (len(rows) != 1)} {some} of the {what} cannot be read",
        received=f"{type(error).__name__}: {error}"[:500],
        hint="what reads examples failed; its own error is the cause of this one",
    )
