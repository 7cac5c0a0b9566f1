"""Tables whose columns have names, as pandas, polars and pyarrow make them; none of these is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from numbers import Real
from typing import Any

import numpy as np

from bpframe.data.place import Array
from bpframe.errors import DataError, did_you_mean

__all__ = ["ColumnName", "array_of", "by_name", "column_of", "names_of", "require_distinct", "tabled"]

#: What a column is called. Pandas counts columns without a name; labels of other kinds go by their text.
ColumnName = int | str


def names_of(value: Any) -> tuple[ColumnName, ...] | None:
    """Return the names of a table's columns; None for everything that is no table."""
    labels = _labels(value)
    return None if labels is None else tuple(map(_name, labels))


def by_name(value: Any, names: Sequence[ColumnName] | None, what: str) -> Any:
    """Return a table's columns in the order of `names`, (N, k) numbers; other columns are left out.

    What is no table is returned as it is, and so is everything where no names are known.

    Raises DataError where one of `names` is missing or occurs twice, and for a column that holds no numbers.
    """
    if names is None:
        return value
    value = value if isinstance(value, Mapping) else tabled(value)
    if getattr(value, "name", None) is not None and hasattr(value, "to_frame"):
        value = value.to_frame()  # a column by itself, which has a name too
    given = names_of(value)
    if given is None:
        return value
    missing = [name for name in names if name not in given]
    if missing:
        meant = did_you_mean(missing[0], [str(name) for name in given])
        raise DataError(
            f"the {what} has no column {missing[0]!r}",
            expected=f"the columns of the training, in any order: {_shown(names)}",
            received=_shown(given),
            hint=(f"{meant} " if meant else "")
            + "where only the names differ, hand in the array, its columns in this order",
        )
    require_distinct(names, f"{what} of the training")
    require_distinct([name for name in given if name in names], what)
    labels = _labels(value) or []
    try:
        columns = [value[labels[given.index(name)]] for name in names]
    except Exception as error:  # of any library, such as of a table that is not read yet
        raise DataError(f"the columns of the {what} cannot be read", received=f"{error}"[:200]) from error
    return np.column_stack([_numbers(column, name, what) for column, name in zip(columns, names, strict=True)])


def tabled(value: Any) -> Any:
    """Return what has columns but no way to ask for one as a table: a mapping as it is, other things through pyarrow.

    Such are results of a database that offer `__arrow_c_stream__`. All else is returned as it is. Errors: DataError
    where pyarrow is not installed.
    """
    if isinstance(value, Mapping):
        return _Named(value)
    if isinstance(value, np.ndarray) or names_of(value) is not None:
        return value
    stream = hasattr(value, "__arrow_c_stream__")
    if hasattr(value, "__array__") or not (stream or hasattr(value, "__dataframe__")):  # a column by itself is an array
        return value
    try:
        pyarrow = import_module("pyarrow")
        interchange = import_module("pyarrow.interchange")
    except ImportError as error:
        raise DataError(
            f"a {type(value).__name__} is read through pyarrow, which is not installed",
            hint='python -m pip install "bpframe[parquet]"',
        ) from error
    try:
        return pyarrow.table(value) if stream else interchange.from_dataframe(value)
    except Exception as error:  # whatever a library makes of its own table
        raise DataError(f"a {type(value).__name__} is no table", received=f"{error}"[:200]) from error


def array_of(column: Any) -> Array:
    """Return a column as an array. pyarrow writes a category where a column of categories has a gap; this does not."""
    if str(getattr(column, "type", "")).startswith("dictionary") and hasattr(column, "to_pylist"):
        column = column.to_pylist()
    try:
        return np.asarray(column)
    except Exception:  # of any library: lists of several lengths, or numbers that NumPy does not have
        values = list(column)
    found = np.empty(len(values), object)
    for row, value in enumerate(values):
        found[row] = value
    return found


def column_of(value: Any, number: int) -> Any:
    """Return a column of a table by its number. Raises DataError where it cannot be read."""
    labels = _labels(value) or []
    try:
        return value[labels[number]]
    except Exception as error:  # of any library, such as of a table that is not read yet
        raise DataError("the columns of the table cannot be read", received=f"{error}"[:200]) from error


def require_distinct(names: Sequence[ColumnName], what: str) -> None:
    """Refuse a name that occurs twice, so that it does not say which column is meant. Raises DataError."""
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise DataError(
            f"the {what} has {names.count(twice)} columns {twice!r}",
            expected="columns of different names",
            received=_shown(names),
            hint="rename one of them",
        )


class _Named:
    """A mapping from names to columns, as a table."""

    def __init__(self, columns: Mapping[Any, Any]) -> None:
        try:
            sizes = {name: len(column) for name, column in columns.items()}
        except TypeError as error:
            raise DataError("a value of the mapping is no column", received=str(error)) from error
        other = next((name for name, size in sizes.items() if size != next(iter(sizes.values()))), None)
        if other is not None:
            raise DataError(
                f"the column {other!r} has {sizes[other]} rows",
                expected=f"{next(iter(sizes.values()))}, as the first column",
                received=str(sizes[other]),
            )
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name: Any) -> Any:
        return self._columns[name]


def _labels(value: Any) -> list[Any] | None:
    if isinstance(value, np.ndarray):
        return None if value.dtype.names is None else list(value.dtype.names)
    if isinstance(value, Mapping | list | tuple) or not hasattr(value, "__getitem__"):
        return None
    labels = getattr(value, "column_names", None)  # pyarrow, whose `columns` are the columns themselves
    if labels is None:
        labels = getattr(value, "columns", None)
    try:
        return None if labels is None else list(labels)
    except TypeError:
        return None


def _name(label: Any) -> ColumnName:
    if isinstance(label, int | np.integer) and not isinstance(label, bool):
        return int(label)
    return str(label)


def _numbers(column: Any, name: ColumnName, what: str) -> Array:
    array = array_of(column)
    if array.dtype == object and all(isinstance(each, Real) for each in array.flat):
        array = array.astype(np.float64)  # such as integers in a column that might have gaps
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        wrong = next((each for each in array.flat if not isinstance(each, Real)), array.dtype)
        raise DataError(
            f"column {name!r} of the {what} does not hold numbers",
            expected="real numbers",
            received=f"{wrong!r}"[:60],
            hint="bpframe.data.from_table fills in what is missing, and makes numbers of categories",
        )
    return array


def _shown(names: Sequence[ColumnName]) -> str:
    return ", ".join(map(str, names[:12])) + (", ..." if len(names) > 12 else "")
