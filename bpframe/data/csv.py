"""Read inputs and targets from the columns of a CSV file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, StrictStr, model_validator

from bpframe.data.cells import MISSING, PLAIN, NumberForm, other_delimiter
from bpframe.data.encoding import FittedEncoding
from bpframe.data.paths import find_file
from bpframe.data.place import Array, Place
from bpframe.data.preparation import prepare
from bpframe.data.samples import Dataset
from bpframe.data.table import Table, read_table
from bpframe.data.tabular import NO_TEXT, TableSpec
from bpframe.errors import DataError
from bpframe.validation.in_words import InWords

__all__ = ["CsvData", "is_csv", "read_csv_inputs", "read_csv_records"]

_Delimiter = Annotated[
    str,
    Field(pattern=r"^[^\r\n\" ]$"),
    InWords('one character between cells, such as ";", or "\\t" for a tab'),
]


class CsvData(TableSpec):
    """Take inputs and targets from the columns of a CSV file, and test data from a second file or from a split."""

    path_fields: ClassVar[tuple[str, ...]] = ("path", "test_path")

    _title: ClassVar[str] = "data of kind 'csv'"

    kind: Literal["csv"] = Field(default="csv", description="Columns of a CSV file.")
    path: str = Field(description="The CSV file, relative to the folder of the spec.")
    test_path: str | None = Field(default=None, description="A CSV file of the same columns with the test data.")
    header: bool = Field(default=True, description="Whether the first line names the columns.")
    delimiter: _Delimiter | None = Field(
        default=None,
        description="The one character between cells; a tab is written \\t. By default the one of , ; | and tab that "
        "cuts the first rows alike.",
    )
    decimal: Literal[".", ","] = Field(default=".", description="The mark before the decimals of a number.")
    thousands: Literal[",", ".", " ", "'"] | None = Field(
        default=None, description="The mark between thousands, where there is one."
    )

    missing_marks: tuple[StrictStr, ...] | None = Field(
        default=None,
        description="How a missing value is written, in capitals or not; by default an empty cell, NA, NaN, null, "
        "None, ? and their like.",
    )

    @model_validator(mode="after")
    def _consistent_file(self) -> Self:
        if self.missing_marks is not None and self.missing == "refuse":
            raise ValueError("missing_marks has a meaning only with missing: drop, mean or indicator")
        if self.test_path is not None:
            self._refuse_split_beside("test_path")
        if self.decimal in (self.thousands, self.delimiter):
            raise ValueError(f"decimal: {self.decimal!r} is the mark between thousands, or between cells, too")
        return self

    @property
    def form(self) -> NumberForm:
        """How numbers are written."""
        return NumberForm(self.decimal, self.thousands)

    @property
    def marks(self) -> Collection[str]:
        """The marks of missing values, in lower case."""
        return MISSING if self.missing_marks is None else frozenset(each.strip().lower() for each in self.missing_marks)

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared data; `base` is the folder that the paths start from.

        Raises DataError for a missing or malformed file, an unknown column, a cell that is not a number, and everything
        `prepare` refuses.
        """
        table = self._table(base, self.path)
        examples, notes = self.examples(table, table)
        test = None
        if self.test_path is not None:
            test, more = self.examples(self._table(base, self.test_path), table)
            notes += more
        prepared = prepare(self, examples, test, dtype, flatten=False, class_numbers=class_numbers)
        return prepared.noting((*self._found(table), *notes))

    def _found(self, table: Table) -> tuple[str, ...]:
        usual = "\t" if is_tsv(table.path) else ","
        if self.delimiter is not None or table.delimiter == usual:
            return ()
        return (f"{table.source}: the cells are separated by {table.delimiter!r}",)

    def of_file(self, path: Path) -> CsvData | None:
        """Return the examples of another CSV file with the same columns, or None for another kind of file."""
        if not is_csv(path):
            return None
        return self.whole(path=str(path), test_path=None)

    def _table(self, base: Path, path: str) -> Table:
        table = read_table(find_file(base, path), delimiter=self.delimiter, header=self.header, form=self.form)
        hint = other_delimiter(table.first_row(), table.delimiter)
        if hint is not None:
            raise DataError(
                f"{table.path} has one column",
                expected="columns of inputs and of targets",
                received=table.first_row()[0],
                hint=hint,
            )
        return table


def read_csv_inputs(
    path: Path,
    *,
    columns: Sequence[str | int] | None = None,
    delimiter: str | None = None,
    header: bool | None = True,
    form: NumberForm = PLAIN,
) -> tuple[Array, Place]:
    """Return the selected columns, or all, of a CSV file as numbers (N, k), and their place."""
    table = read_table(path, delimiter=delimiter, header=header, form=form)
    selected = list(range(table.width)) if columns is None else table.columns(columns)
    table.require_names(selected, (), _names(columns))
    return table.numbers(selected, NO_TEXT), table.place(selected)


def read_csv_records(path: Path, fitted: FittedEncoding, source: CsvData | None) -> tuple[Array, Place]:
    """Return the columns of a CSV file that an encoding takes, as records (N,), and their place."""
    header = None if source is None else source.header
    delimiter, form = (None, PLAIN) if source is None else (source.delimiter, source.form)
    table = read_table(path, delimiter=delimiter, header=header, form=form)
    marks = MISSING if source is None else source.marks
    wanted: list[str | int] = list(fitted.names) if table.names is not None else [int(name) for name in fitted.names]
    columns = table.columns(wanted)
    table.require_names(columns, (), set(fitted.names))
    texts = [column.categories is not None for column in fitted.columns]
    found = np.empty(len(table), [(each.name, object if each.categories else float) for each in fitted.columns])
    gaps = marks if fitted.gaps else None
    for name, column, text in zip(fitted.names, columns, texts, strict=True):
        found[name] = table.texts(column, marks) if text else table.numbers([column], NO_TEXT, gaps)[:, 0]
    return found, table.place(columns)


def is_csv(path: Path) -> bool:
    """Return whether a file is named as a CSV file is, also one that is compressed with gzip."""
    return path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


def is_tsv(path: Path) -> bool:
    """Return whether a file is named as one whose cells are separated by tabs."""
    return ".tsv" in path.name.lower()


def _names(*selections: Sequence[str | int] | None) -> set[str]:
    return {each for selection in selections for each in selection or () if isinstance(each, str)}
