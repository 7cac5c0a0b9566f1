"""A CSV file as a table: its columns by name or number, as numbers and as texts, with the line of every row."""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bpframe.data.cell_index import CellIndex
from bpframe.data.cells import PLAIN, NumberForm, finite_number, number_hint, other_delimiter
from bpframe.data.delimiters import found_delimiter
from bpframe.data.place import Array, Place
from bpframe.data.rows import begun, data_rows, first_row_hint, read_header
from bpframe.data.text_file import read_utf8
from bpframe.errors import DataError, did_you_mean

__all__ = ["Table", "read_table"]


@dataclass(frozen=True)
class Table:
    """Hold the cells of a CSV file, rows of one length. `names` are the header's, or None for a file without one.

    Cells are looked up where they stand in the file (`index`); one with quotes or blank lines is read row by row.
    `text` is the file from its first row of data, `first_line`, on.
    """

    path: Path
    names: tuple[str, ...] | None
    width: int
    text: bytes
    first_line: int
    delimiter: str
    form: NumberForm
    index: CellIndex | None

    @cached_property
    def _rows(self) -> tuple[list[list[str]], Array]:
        return data_rows(self.path, self.text, self.first_line, self.delimiter, self.names)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def lines(self) -> Array:
        """The line of every row, (N,), counted from 1."""
        return self._rows[1] if self.index is None else np.arange(len(self.index.ends)) + self.first_line

    @property
    def source(self) -> str:
        """What messages call the table."""
        return self.path.name

    def place(self, columns: Sequence[int]) -> Place:
        """Return where the rows of some columns stand."""
        names = None if self.names is None else tuple(self.name(k) for k in columns)
        return Place(self.source, "line", self.lines, names)

    def first_row(self) -> Sequence[str]:
        """Return the header, or the first row where there is none."""
        return self.names or self._rows[0][0]

    def name(self, column: int) -> str:
        """Return the header's name of a column, or its index as text."""
        return str(column) if self.names is None else self.names[column]

    def columns(self, selection: Sequence[str | int]) -> list[int]:
        """Return the 0-based indices of columns selected by name or index.

        Raises DataError for a name that is missing or occurs twice, and for an index out of range.
        """
        found = [self._column(wanted, selection) for wanted in selection]
        for at, column in enumerate(found):
            if column in found[:at]:
                raise DataError(f"{self.path}: column {self.name(column)!r} is selected twice")
        return found

    def _column(self, wanted: str | int, selection: Sequence[str | int]) -> int:
        if isinstance(wanted, int):
            if 0 <= wanted < self.width:
                return wanted
            raise DataError(
                f"{self.path} has no column {wanted}", expected=f"0 to {self.width - 1}", received=str(wanted)
            )
        if self.names is None:
            raise DataError(
                f"{self.path} was read without a header, so it has no column {wanted!r}",
                expected=f"an index from 0 to {self.width - 1}",
                received=repr(wanted),
                hint="header: true where the first line names the columns",
            )
        if wanted not in self.names:
            raise DataError(
                f"{self.path} has no column {wanted!r}",
                expected=f"the columns {', '.join(map(str, selection))}"
                if len(selection) > 1
                else f"a column {wanted!r}",
                received=f"the columns {begun(self.names)}",
                hint=self._other_delimiter()
                or did_you_mean(wanted, self.names)
                or first_row_hint(self.names)
                or f"a file that has {wanted!r}, or other columns in the data section of a training",
            )
        return self._once(wanted)

    def _once(self, name: str) -> int:
        """Return the column of a name. Raises DataError where another one carries it too."""
        assert self.names is not None
        if self.names.count(name) > 1:
            raise DataError(
                f"{self.path} names {self.names.count(name)} columns {name!r}",
                expected="a name of its own for every column",
                received=begun(self.names),
                hint=first_row_hint(self.names) or "rename one of them in the header",
            )
        return self.names.index(name)

    def require_names(self, inputs: Sequence[int], targets: Sequence[int], chosen: Collection[str]) -> None:
        """Refuse a header that does not name these columns: one without a name, a name twice, a row of data.

        `chosen` are the names that the user wrote. Inputs whose names are numbers look like a row of data; they are
        names where the user wrote them, or where they count the columns and the user wrote another name.
        """
        if self.names is None:
            return
        for column in [*inputs, *targets]:
            name = self.names[column]
            if not name or (re.fullmatch(r"Unnamed: \d+", name) and name not in chosen):
                raise DataError(
                    f"{self.path}: column {column} has no name",
                    expected="a name for every column that is read",
                    received=", ".join(map(repr, self.names[:8])),
                    hint=first_row_hint(self.names)
                    or "to_csv(index=False) leaves row numbers out of the file; or list the `inputs`, without them",
                )
            self._once(name)
        numbers = [name for k in inputs if finite_number(name := self.names[k]) is not None and name not in chosen]
        counts = any(numbers == [str(first + k) for k in range(len(numbers))] for first in (0, 1))
        if numbers and not (counts and set(chosen) & set(self.names)):
            raise DataError(
                f"{self.path}: the header holds numbers where inputs are: is it the first row of data?",
                expected="the names of the columns",
                received=begun(self.names),
                hint="header: false for a file that begins with data; where these are names, list them as `inputs`",
            )

    def numbers(self, columns: Sequence[int], text_hint: str, gaps: Collection[str] | None = None) -> Array:
        """Return columns as numbers (N, k) in float64. Raises DataError for any other cell, with line and column.

        Cells that hold one of `gaps`, marks of missing values in lower case, become NaN. `text_hint` is what to try
        where a cell is text.
        """
        found = None if self.index is None else self.index.numbers(columns, self.form, gaps)
        if found is not None:
            return found
        values = array("d")
        for row, line in zip(*self._rows, strict=True):
            for column in columns:
                gap = gaps is not None and row[column].lower() in gaps
                number = np.nan if gap else finite_number(row[column], self.form)
                if number is None:
                    raise self._not_a_number(row[column], int(line), column, text_hint)
                values.append(number)
        return np.array(values).reshape(-1, len(columns))

    def texts(self, column: int, gaps: Collection[str] | None = None) -> Array:
        """Return a column as text (N,), with `gaps` as objects, None where a cell holds one of these marks.

        Raises DataError for an empty cell where nothing may be missing.
        """
        cells = [row[column] for row in self._rows[0]] if self.index is None else self.index.texts(column)
        if gaps is not None:
            found = np.empty(len(cells), object)
            found[:] = [None if cell.lower() in gaps else cell for cell in cells]
            return found
        if "" in cells:
            line = int(self.lines[cells.index("")])
            raise DataError(
                f"{self.path}, line {line}, column {self.name(column)!r}: the label is empty",
                expected="a label for every example",
                received="an empty cell",
                hint="fill it in, or take the line out",
            )
        return np.array(cells)

    def _not_a_number(self, cell: str, line: int, column: int, text_hint: str) -> DataError:
        hint = self._other_delimiter() or number_hint(cell) or text_hint
        infinite = cell.lstrip("+-").lower() in ("inf", "infinity")
        text = "" if number_hint(cell) or infinite else ": the column holds text"
        if self.names is None and line == self.lines[0]:
            hint = "header: true where the first line names the columns"
        return DataError(
            f"{self.path}, line {line}, column {self.name(column)!r}: {cell!r} is not a finite number{text}",
            expected="a finite number with a decimal " + ("comma" if self.form.decimal == "," else "point"),
            received=repr(cell) if cell else "an empty cell",
            hint=hint,
        )

    def _other_delimiter(self) -> str | None:
        return other_delimiter(self.first_row(), self.delimiter)


def read_table(path: Path, *, delimiter: str | None = None, header: bool | None, form: NumberForm = PLAIN) -> Table:
    """Return the cells of a CSV file in UTF-8, with or without a byte order mark; blank lines are left out.

    Without a word on the header (None), a first row of numbers is data, and one without any number is the header.
    Without one on the delimiter it is found in the first rows, see `found_delimiter`.

    Raises DataError for an empty file, a ragged row, text that is not UTF-8, an open quote, and a header that is a row
    of numbers (unless it counts the columns 0, 1, ...).
    """
    text = read_utf8(path)
    mark = found_delimiter(path, text) if delimiter is None else delimiter
    names, width, begin, line = read_header(path, text, mark, header)
    body = text[begin:]
    index = CellIndex.of(body, mark, width)
    table = Table(path, names, width, body, line, mark, form, index)
    if index is None:
        _ = table._rows  # what is wrong with them is said now
    return table
