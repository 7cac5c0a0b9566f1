"""Read inputs and targets from the columns of a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy.typing as npt
from pydantic import Field, StrictInt, StrictStr, model_validator

from bpframe.data.cells import PLAIN, NumberForm, other_delimiter
from bpframe.data.paths import find_file
from bpframe.data.place import Array, Place
from bpframe.data.preparation import PreparationSpec, prepare
from bpframe.data.samples import Dataset, Examples
from bpframe.data.table import Table, read_table
from bpframe.errors import DataError
from bpframe.validation.in_words import InWords

__all__ = ["CsvData", "is_csv", "read_csv_inputs"]

_NO_TEXT = "select `inputs` to leave a column of text out"

_Delimiter = Annotated[
    str,
    Field(pattern=r"^[^\r\n\" ]$"),
    InWords('one character between cells, such as ";", or "\\t" for a tab'),
]
_Columns = Annotated[tuple[StrictStr | Annotated[StrictInt, Field(ge=0)], ...], Field(min_length=1)]


class CsvData(PreparationSpec):
    """Take inputs and targets from the columns of a CSV file, and test data from a second file or from a split."""

    path_fields: ClassVar[tuple[str, ...]] = ("path", "test_path")

    _title: ClassVar[str] = "data of kind 'csv'"

    kind: Literal["csv"] = Field(default="csv", description="Columns of a CSV file.")
    path: str = Field(description="The CSV file, relative to the folder of the spec.")
    test_path: str | None = Field(default=None, description="A CSV file of the same columns with the test data.")
    inputs: _Columns | None = Field(
        default=None, description="The input columns by name or 0-based index; by default all but targets and weights."
    )
    targets: _Columns = Field(description="The target columns by name or 0-based index.")
    sample_weight: StrictStr | Annotated[StrictInt, Field(ge=0)] | None = Field(
        default=None, description="The column of the examples' weights, which is then no input."
    )
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

    @model_validator(mode="after")
    def _one_label_column(self) -> Self:
        if self.one_hot and len(self.targets) != 1:
            raise ValueError("one_hot: true takes one target column, the label")
        if self.test_path is not None:
            self._refuse_split_beside("test_path")
        if self.decimal in (self.thousands, self.delimiter):
            raise ValueError(f"decimal: {self.decimal!r} is the mark between thousands, or between cells, too")
        return self

    @property
    def form(self) -> NumberForm:
        """How numbers are written."""
        return NumberForm(self.decimal, self.thousands)

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared data; `base` is the folder that the paths start from.

        Raises DataError for a missing or malformed file, an unknown column, a cell that is not a number, and everything
        `prepare` refuses.
        """
        table = self._table(base, self.path)
        test = None if self.test_path is None else self._examples(self._table(base, self.test_path), like=table)
        return prepare(self, self._examples(table, like=table), test, dtype, flatten=False, class_numbers=class_numbers)

    def of_file(self, path: Path) -> CsvData | None:
        """Return the examples of another CSV file with the same columns, or None for another kind of file."""
        if not is_csv(path):
            return None
        changed = {"path": str(path), "test_path": None, "test_fraction": None, "test_count": 0}
        return self.model_copy(update=changed)

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

    def _examples(self, table: Table, *, like: Table) -> Examples:
        targets = like.columns(self.targets)
        weights = [] if self.sample_weight is None else like.columns([self.sample_weight])
        taken = {*targets, *weights}
        inputs = [k for k in range(like.width) if k not in taken] if self.inputs is None else like.columns(self.inputs)
        if table is not like and table.names is not None and like.names is not None:
            # The test file may order its columns differently: names decide.
            targets = table.columns([like.names[k] for k in targets])
            inputs = table.columns([like.names[k] for k in inputs])
            weights = table.columns([like.names[k] for k in weights])
        else:
            table.columns([*inputs, *targets, *weights])
            chosen = None if self.sample_weight is None else (self.sample_weight,)
            table.require_names(inputs, [*targets, *weights], _names(self.inputs, self.targets, chosen))
        if table.names is None and table.width != like.width:
            raise DataError(
                f"{table.path} has another number of columns than {like.path}",
                expected=str(like.width),
                received=str(table.width),
                hint="columns without names are known by their number alone",
            )
        y = table.texts(targets[0]) if self.one_hot else table.numbers(targets, "one_hot: true for targets of text")
        x, places = table.numbers(inputs, _NO_TEXT), (table.place(inputs), table.place(targets))
        if not weights:
            return Examples(x, y, *places)
        return Examples(x, y, *places, table.numbers(weights, "a weight is a number"), table.place(weights))


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
    return table.numbers(selected, _NO_TEXT), table.place(selected)


def is_csv(path: Path) -> bool:
    """Return whether a file is named as a CSV file is, also one that is compressed with gzip."""
    return path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


def _names(*selections: Sequence[str | int] | None) -> set[str]:
    return {each for selection in selections for each in selection or () if isinstance(each, str)}
