"""Turn columns of numbers with gaps, and of categories, into the numbers that a network takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictBool, StrictStr

from bpframe.data.place import Array, Place
from bpframe.errors import DataError, closest
from bpframe.machine.memory import require_memory

__all__ = ["CategoryForm", "FittedColumn", "FittedEncoding", "MissingPolicy", "require_no_infinity"]

MissingPolicy = Literal["refuse", "drop", "mean", "indicator"]
CategoryForm = Literal["one_hot", "codes"]


class FittedColumn(BaseModel):
    """One column of a table as it was in training: what it is called, its categories, and what fills a gap in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: StrictStr = Field(description="The name of the column, or its number as text.")
    categories: tuple[StrictStr, ...] | None = Field(
        default=None, description="The categories in order; null of a column of numbers."
    )
    form: CategoryForm = Field(
        default="one_hot", description="What a category becomes: an entry of its own, or a code."
    )
    fill: FiniteFloat | StrictStr | None = Field(
        default=None, description="What stands in for a missing value: the mean, or the most frequent category."
    )
    indicator: StrictBool = Field(default=False, description="Whether an entry tells, by 1, where a value was missing.")

    @property
    def entries(self) -> tuple[str, ...]:
        """The names of the entries that the column becomes."""
        if self.categories is None or self.form == "codes":
            names: tuple[str, ...] = (self.name,)
        else:
            names = tuple(f"{self.name}={each}" for each in self.categories)
        return (*names, f"{self.name} is missing") if self.indicator else names


class FittedEncoding(BaseModel):
    """Hold what columns become, as it was fitted to the training part.

    A number stays a number. A category becomes entries of 0 and 1, one for each (`one_hot`), or its code 0, 1, ... in
    the order of the categories. A gap is filled, and with an indicator told by an entry after the column's own. With
    `other`, a category that training did not have becomes zeros, or the code after the last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[FittedColumn, ...] = Field(min_length=1, description="The columns, in order.")
    missing: MissingPolicy = Field(default="refuse", description="What happens to missing values.")
    other: StrictBool = Field(default=False, description="Whether unknown categories are taken for one other.")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def entries(self) -> tuple[str, ...]:
        """The names of the entries of an example, (K,)."""
        return tuple(name for column in self.columns for name in column.entries)

    @property
    def measured(self) -> Array:
        """Which entries are measured numbers, (K,) truth values: these are scaled, others are not."""
        return np.array(
            [column.categories is None and k == 0 for column in self.columns for k in range(len(column.entries))]
        )

    @property
    def gaps(self) -> bool:
        """Whether values may be missing."""
        return self.missing in ("mean", "indicator")

    def apply(self, records: Array, place: Place) -> Array:
        """Return the entries (N, K) in float64 of records (N,): fields of numbers, NaN for a gap, or of texts, or None.

        Raises DataError for a missing value where none may be, and for an unknown category, with row and column.
        """
        blocks: list[Array] = []
        for column in self.columns:
            values = records[column.name]
            blocks.extend(
                self._numbers(column, values, place)
                if column.categories is None
                else self._categories(column, values, place)
            )
        return np.column_stack(blocks)

    def _numbers(self, column: FittedColumn, values: Array, place: Place) -> Iterator[Array]:
        gaps = np.isnan(values)
        require_no_infinity(values, column.name, place)
        self._require_filled(column, gaps, place)
        yield np.where(gaps, np.float64(column.fill or 0.0), values) if gaps.any() else values
        if column.indicator:
            yield gaps

    def _categories(self, column: FittedColumn, values: Array, place: Place) -> Iterator[Array]:
        assert column.categories is not None
        code = {name: k for k, name in enumerate(column.categories)}
        last = len(code)
        codes = np.fromiter((-1 if each is None else code.get(each, last) for each in values), np.int64, len(values))
        gaps, unknown = codes < 0, np.flatnonzero(codes == last)
        if unknown.size and not self.other:
            raise self._unknown(column, values, int(unknown[0]), place)
        self._require_filled(column, gaps, place)
        if gaps.any() and isinstance(column.fill, str):
            codes[gaps] = code[column.fill]
        yield codes if column.form == "codes" else _one_hot(codes, last)
        if column.indicator:
            yield gaps

    def _require_filled(self, column: FittedColumn, gaps: Array, place: Place) -> None:
        if not gaps.any():
            return
        where = f"{place.source}, {place.row(int(np.flatnonzero(gaps)[0]))}, column {column.name!r}"
        count = f"{np.count_nonzero(gaps)} of {len(gaps)} values are missing"
        if column.fill is None:
            raise DataError(
                f"{where}: the value is missing",
                expected="a value, as in training",
                received=count,
                hint="fill it in, or train with `missing: mean` or indicator",
            )
        if self.missing == "indicator" and not column.indicator:
            raise DataError(
                f"{where}: the value is missing, and in training none was: no entry tells the network of it",
                expected="values, except in "
                + (", ".join(each.name for each in self.columns if each.indicator) or "no column"),
                received=count,
                hint="fill it in, or train with `missing: mean`",
            )

    def _unknown(self, column: FittedColumn, values: Array, row: int, place: Place) -> DataError:
        known = column.categories or ()
        near = closest(values[row], known)
        return DataError(
            f"{place.source}, {place.row(row)}, column {column.name!r}: {values[row]!r:.60} is no category "
            "that training had",
            expected=f"one of {', '.join(map(repr, known[:12]))}" + (", ..." if len(known) > 12 else ""),
            received=f"{values[row]!r:.60}",
            hint=(f"did you mean {near!r}? " if near is not None else "")
            + "`unknown: other` in training takes categories that it did not see",
        )


def require_no_infinity(values: Array, name: str, place: Place) -> None:
    """Refuse infinities in a column of numbers. Errors: DataError, with the row."""
    wrong = np.flatnonzero(np.isinf(values))
    if wrong.size:
        where = f"{place.source}, {place.row(int(wrong[0]))}, column {name!r}"
        raise DataError(f"{where}: {values[wrong[0]]} is not a finite number", expected="finite numbers only")


def _one_hot(codes: Array, count: int) -> Array:
    """Return a row (count,) for each code, with 1 in its place, or with zeros for the code after the last."""
    require_memory(8 * len(codes) * count, f"one-hot columns of {count:,} categories", DataError, "codes, or fewer")
    rows = np.zeros((len(codes), count))
    known = np.flatnonzero(codes < count)
    rows[known, codes[known]] = 1
    return rows
