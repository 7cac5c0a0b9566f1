"""Parse a CSV file into rows of text cells with the line number of each, and pick its columns."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bpframe.data.cells import finite_number, number_hint, other_delimiter
from bpframe.data.place import Array
from bpframe.errors import DataError, did_you_mean

__all__ = ["Table", "read_table"]


@dataclass(frozen=True)
class Table:
    """Hold the cells of a CSV file: `rows` of stripped text, all of one length, `lines` counted from 1.

    `names` are the header's, or None for a file without one.
    """

    path: Path
    names: tuple[str, ...] | None
    rows: list[list[str]]
    lines: Array
    delimiter: str

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.rows[0])

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
                received=f"the columns {', '.join(self.names)}",
                hint=self._other_delimiter()
                or did_you_mean(wanted, self.names)
                or _first_row_hint(self.names)
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
                received=", ".join(self.names),
                hint=_first_row_hint(self.names) or "rename one of them in the header",
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
                    hint=_first_row_hint(self.names)
                    or "to_csv(index=False) leaves row numbers out of the file; or list the `inputs`, without them",
                )
            self._once(name)
        numbers = [name for k in inputs if finite_number(name := self.names[k]) is not None and name not in chosen]
        counts = any(numbers == [str(first + k) for k in range(len(numbers))] for first in (0, 1))
        if numbers and not (counts and set(chosen) & set(self.names)):
            raise DataError(
                f"{self.path}: the header holds numbers where inputs are: is it the first row of data?",
                expected="the names of the columns",
                received=_begun(self.names),
                hint="header: false for a file that begins with data; where these are names, list them as `inputs`",
            )

    def numbers(self, columns: Sequence[int], text_hint: str) -> Array:
        """Return columns as numbers (N, k) in float64. Raises DataError for any other cell, with line and column.

        `text_hint` is what to try where a cell is text.
        """
        values = array("d")
        for row, line in zip(self.rows, self.lines, strict=True):
            for column in columns:
                number = finite_number(row[column])
                if number is None:
                    raise self._not_a_number(row[column], int(line), column, text_hint)
                values.append(number)
        return np.array(values).reshape(len(self.rows), len(columns))

    def texts(self, column: int) -> Array:
        """Return a column as text (N,). Raises DataError for an empty cell."""
        cells = [row[column] for row in self.rows]
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
            expected="a finite number with a decimal point",
            received=repr(cell) if cell else "an empty cell",
            hint=hint,
        )

    def _other_delimiter(self) -> str | None:
        return other_delimiter(self.names or self.rows[0], self.delimiter)


def read_table(path: Path, *, delimiter: str, header: bool | None) -> Table:
    """Return the cells of a CSV file in UTF-8, with or without a byte order mark; blank lines are left out.

    Without a word on the header (None), a first row of numbers is data, and one without any number is the header.

    Raises DataError for an empty file, a ragged row, text that is not UTF-8, an open quote, and a header that is a row
    of numbers (unless it counts the columns 0, 1, ...).
    """
    names: tuple[str, ...] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    blank: int | None = None
    for line, row in _rows(path, delimiter):
        if row in ([], [""]):
            blank = line
            continue
        if header is None:
            header = _looks_like_names(path, line, row)
        if header and names is None:
            names, blank = tuple(row), None
            _require_no_numbers(path, line, names)
            continue
        width = len(names or (rows[0] if rows else row))
        if len(row) != width:
            quoted = f"quote cells that contain {delimiter!r}" if len(row) > width else "fill in the missing cells"
            other = other_delimiter(names or rows[0], delimiter)
            raise DataError(
                f"{path}, line {line}: the row has {len(row)} cells",
                expected=f"{width} cells, as in the {'header' if names else 'first row'}",
                received=f"{len(row)} cells",
                hint=_comment_hint(names or rows[0]) or _comment_hint(row) or other or quoted,
            )
        if width == 1 and blank is not None and (names or rows):  # of a single column, a blank line is an empty cell
            raise DataError(f"{path}, line {blank}: the cell is empty", hint="fill it in, or take the line out")
        rows.append(row)
        lines.append(line)
        blank = None
    if not rows:
        raise DataError(
            f"{path} holds no rows",
            expected="at least one row of data" + (" below the header" if names else ""),
            received="only a header" if names else "an empty file",
        )
    return Table(path, names, rows, np.array(lines), delimiter)


def _begun(cells: Sequence[str]) -> str:
    return ", ".join(cells[:8]) + (", ..." if len(cells) > 8 else "")


def _comment_hint(row: Sequence[str]) -> str | None:
    return f"take the comments out: {row[0]!r:.40}" if row[0].startswith("#") else None


def _first_row_hint(names: Sequence[str]) -> str | None:
    """Return what to write where the names of columns look like a row of data, or like a comment."""
    numbers = any(finite_number(name) is not None for name in names)
    return _comment_hint(names) or ("header: false for a file that begins with data" if numbers else None)


def _looks_like_names(path: Path, line: int, row: Sequence[str]) -> bool:
    numbers = [finite_number(cell) is not None for cell in row]
    if any(numbers) and not all(numbers):
        raise DataError(
            f"{path}, line {line}: the first row holds numbers and texts",
            expected="the names of the columns, or numbers alone",
            received=_begun(row),
            hint=number_hint(row[numbers.index(False)]) or "give every column a name, or take columns of text out",
        )
    return not any(numbers)


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    try:
        _require_text(path)
        # newline="" leaves line ends inside quotes to the csv module
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=True)
            end = 0
            try:
                for cells in reader:
                    start, end = end + 1, reader.line_num
                    yield start, [cell.strip() for cell in cells]
            except csv.Error as error:
                raise DataError(
                    f"{path}, line {end + 1}: {error}", expected="cells as RFC 4180 writes them, quotes closed"
                ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text", received=str(error), hint="save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read", received=str(error)) from error


# The first bytes of files that are kept for tables and are none.
_PACKED = {
    b"\x1f\x8b": ("compressed with gzip", "unpack it: gunzip leaves the .csv file"),
    b"BZh": ("compressed with bzip2", "unpack it: bunzip2 leaves the .csv file"),
    b"\xfd7zXZ": ("compressed with xz", "unpack it: unxz leaves the .csv file"),
    b"PK\x03\x04": ("a zip archive, as spreadsheets are", "unpack it, or save the spreadsheet as CSV in UTF-8"),
    b"PAR1": ("a Parquet file", "pandas.read_parquet(...).to_csv(..., index=False)"),
}


def _require_text(path: Path) -> None:
    with path.open("rb") as stream:
        begin = stream.read(6)
    for mark, (what, hint) in _PACKED.items():
        if begin.startswith(mark):
            raise DataError(f"{path} is {what}", expected="a text file in UTF-8", received=begin.hex(" "), hint=hint)


def _require_no_numbers(path: Path, line: int, names: tuple[str, ...]) -> None:
    if names == tuple(str(k) for k in range(len(names))):
        return
    if all(finite_number(name) is not None for name in names):
        raise DataError(
            f"{path}, line {line}: the header is a row of numbers",
            expected="the names of the columns",
            received=_begun(names),
            hint="header: false for a file that begins with data",
        )
