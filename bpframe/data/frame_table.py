"""A table in memory, of pandas, polars, pyarrow or NumPy, with the columns that a CSV file would have."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpframe.data.columns import number_column, text_column
from bpframe.data.frames import array_of, column_of, names_of, tabled
from bpframe.data.place import Array, Place
from bpframe.data.rows import begun
from bpframe.errors import DataError, did_you_mean

__all__ = ["FrameTable", "records_of"]


@dataclass(frozen=True)
class FrameTable:
    """Hold a table whose columns have names; `what` is what messages call it."""

    value: Any
    what: str
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = names_of(self.value)
        if names is None:
            raise DataError(
                f"the {self.what} is no table",
                expected="columns with names, such as a DataFrame of pandas or polars, or a table of pyarrow",
                received=type(self.value).__name__,
                hint="arrays go to `fit` as they are",
            )
        object.__setattr__(self, "names", tuple(map(str, names)))

    @property
    def source(self) -> str:
        """What messages call the table."""
        return self.what

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.names)

    def name(self, column: int) -> str:
        """Return the name of a column."""
        return self.names[column]

    def columns(self, selection: Sequence[str | int]) -> list[int]:
        """Return the numbers of columns that are selected by name, or by number where none is called so.

        Raises DataError for a name that is missing or occurs twice, and for a column that is selected twice.
        """
        found = [self._column(wanted) for wanted in selection]
        twice = next((column for at, column in enumerate(found) if column in found[:at]), None)
        if twice is not None:
            raise DataError(f"{self.what}: column {self.name(twice)!r} is selected twice")
        return found

    def _column(self, wanted: str | int) -> int:
        count = self.names.count(str(wanted))
        if count == 1:
            return self.names.index(str(wanted))
        if count > 1:
            raise DataError(
                f"{self.what} has {count} columns {wanted!r}", expected="columns of different names", hint="rename one"
            )
        if isinstance(wanted, int) and 0 <= wanted < self.width:
            return wanted
        raise DataError(
            f"{self.what} has no column {wanted!r}",
            expected=f"a column {wanted!r}",
            received=f"the columns {begun(self.names)}",
            hint=did_you_mean(str(wanted), self.names),
        )

    def require_names(self, inputs: Sequence[int], targets: Sequence[int], chosen: Collection[str]) -> None:
        """Refuse a name that two of these columns carry, and row numbers of pandas. Raises DataError."""
        for column in [*inputs, *targets]:
            name = self.names[column]
            self._column(name)
            if not name:
                raise DataError(
                    f"{self.what}: column {column} has no name",
                    expected="a name for every column that is read",
                    received=", ".join(map(repr, self.names[:8])),
                    hint="name it, or list the `inputs` without it",
                )
            if re.fullmatch(r"__index_level_\d+__", name) and name not in chosen:
                raise DataError(
                    f"{self.what}: the column {name!r} holds row labels of pandas",
                    expected="columns of measurements",
                    received=begun(self.names),
                    hint="to_parquet(index=False) leaves them out of the file; or list the `inputs`, without them",
                )

    def holds_texts(self, column: int) -> bool:
        """Return whether a column holds texts, or categories that are texts."""
        values = array_of(column_of(self.value, column))
        return values.dtype.kind == "U" or (values.dtype == object and any(isinstance(each, str) for each in values))

    def place(self, columns: Sequence[int]) -> Place:
        """Return where the rows of some columns stand."""
        return Place(self.what, "row", None, tuple(self.name(k) for k in columns))

    def numbers(self, columns: Sequence[int], text_hint: str, gaps: Collection[str] | None = None) -> Array:
        """Return columns as numbers (N, k) in float64, NaN where a value is missing and `gaps` is not None."""
        place = self.place(columns)
        return np.column_stack(
            [number_column(column_of(self.value, k), self.name(k), place, gaps is not None) for k in columns]
        )

    def texts(self, column: int, gaps: Collection[str] | None = None) -> Array:
        """Return a column as texts (N,), with `gaps` None where a value is missing."""
        found = text_column(column_of(self.value, column), self.name(column), self.place([column]), gaps is not None)
        return found if gaps is not None else found.astype(str)


def records_of(value: Any, names: Sequence[str], texts: Collection[str], place: Place, gaps: bool) -> Array:
    """Return the columns `names` of a table as records (N,): fields of numbers, NaN for a gap, and of `texts`, or None.

    What has no names has these columns, in this order. Raises DataError for another number of columns, one that is
    missing or there twice, and for values that are neither number nor text.
    """
    if isinstance(value, np.ndarray) and set(names) <= set(value.dtype.names or ()):
        kinds = {name: "O" if name in texts else "f" for name in names}
        if all(value.dtype[name].kind == kind for name, kind in kinds.items()):
            return value  # as a reader of files makes them
    value = tabled(value)
    if names_of(value) is not None:
        table = FrameTable(value, place.source)
        columns = [column_of(value, k) for k in table.columns(list(names))]
    else:
        rows = value if isinstance(value, np.ndarray) else np.array(value, object)
        if rows.ndim != 2 or rows.shape[1] != len(names):
            raise DataError(
                f"{place.source} does not have the columns of the training",
                expected=f"(N, {len(names)}): {begun(names)}",
                received=str(rows.shape),
            )
        columns = list(rows.T)
    where = Place(place.source, place.unit, place.numbers, tuple(names))
    found = np.empty(len(columns[0]), [(name, object if name in texts else np.float64) for name in names])
    for name, column in zip(names, columns, strict=True):
        read = text_column if name in texts else number_column
        found[name] = read(column, name, where, gaps)
    return found
