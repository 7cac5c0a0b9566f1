"""Parse a CSV file into rows of text cells with the line number of each, and pick its columns."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bpframe.data.place import Array
from bpframe.errors import DataError, closest

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
        found = [self._column(wanted) for wanted in selection]
        for at, column in enumerate(found):
            if column in found[:at]:
                raise DataError(f"{self.path}: column {self.name(column)!r} is selected twice")
        return found

    def _column(self, wanted: str | int) -> int:
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
        if self.names.count(wanted) > 1:
            raise DataError(
                f"{self.path} names {self.names.count(wanted)} columns {wanted!r}", hint="select it by its index"
            )
        if wanted not in self.names:
            near = closest(wanted, self.names)
            raise DataError(
                f"{self.path} has no column {wanted!r}",
                expected=f"one of {', '.join(self.names)}",
                received=repr(wanted),
                hint=f"did you mean {near!r}?" if near else "name one of these columns",
            )
        return self.names.index(wanted)

    def numbers(self, columns: Sequence[int]) -> Array:
        """Return columns as numbers (N, k) in float64. Raises DataError for any other cell, with line and column."""
        values = array("d")
        for row, line in zip(self.rows, self.lines, strict=True):
            for column in columns:
                number = _number(row[column])
                if number is None or not math.isfinite(number):
                    raise self._not_a_number(row[column], int(line), column)
                values.append(number)
        return np.array(values).reshape(len(self.rows), len(columns))

    def texts(self, column: int) -> Array:
        """Return a column as text (N,). Raises DataError for an empty cell."""
        cells = [row[column] for row in self.rows]
        if "" in cells:
            line = int(self.lines[cells.index("")])
            raise DataError(f"{self.path}, line {line}, column {self.name(column)!r}: the label is empty")
        return np.array(cells)

    def _not_a_number(self, cell: str, line: int, column: int) -> DataError:
        hint = "one_hot: true for text targets; select `inputs` to leave a text column out"
        if self.names is None and line == self.lines[0]:
            hint = "header: true where the first line names the columns"
        return DataError(
            f"{self.path}, line {line}, column {self.name(column)!r}: {cell!r} is not a finite number",
            expected="a finite number with a decimal point",
            received=repr(cell) if cell else "an empty cell",
            hint=hint,
        )


def _number(cell: str) -> float | None:
    # float() also takes Python's digit separators, which no CSV writer means.
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def read_table(path: Path, *, delimiter: str, header: bool | None) -> Table:
    """Return the cells of a CSV file in UTF-8, with or without a byte order mark; blank lines are left out.

    Without a word on the header (None), a first row of numbers is data.

    Raises DataError for an empty file, a ragged row, text that is not UTF-8, an open quote, and a header that is a row
    of numbers (unless it counts the columns 0, 1, ...).
    """
    names: tuple[str, ...] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, row in _rows(path, delimiter):
        if header is None:
            header = any(_number(cell) is None for cell in row)
        if header and names is None:
            names = tuple(row)
            _require_names(path, line, names)
            continue
        width = len(names or (rows[0] if rows else row))
        if len(row) != width:
            raise DataError(
                f"{path}, line {line}: the row has {len(row)} cells",
                expected=f"{width} cells, as in the {'header' if names else 'first row'}",
                received=f"{len(row)} cells",
                hint=f"quote cells that contain {delimiter!r}" if len(row) > width else "fill in the missing cells",
            )
        rows.append(row)
        lines.append(line)
    if not rows:
        raise DataError(
            f"{path} holds no rows",
            expected="at least one row of data" + (" below the header" if names else ""),
            received="only a header" if names else "an empty file",
        )
    return Table(path, names, rows, np.array(lines))


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    try:
        # newline="" leaves line ends inside quotes to the csv module
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=True)
            end = 0
            try:
                for cells in reader:
                    start, end = end + 1, reader.line_num
                    row = [cell.strip() for cell in cells]
                    if row not in ([], [""]):
                        yield start, row
            except csv.Error as error:
                raise DataError(
                    f"{path}, line {end + 1}: {error}", expected="cells as RFC 4180 writes them, quotes closed"
                ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text", received=str(error), hint="save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read", received=str(error)) from error


def _require_names(path: Path, line: int, names: tuple[str, ...]) -> None:
    if names == tuple(str(k) for k in range(len(names))):
        return
    if all(_number(name) is not None for name in names):
        raise DataError(
            f"{path}, line {line}: the header is a row of numbers",
            expected="the names of the columns",
            received=", ".join(names[:8]) + (", ..." if len(names) > 8 else ""),
            hint="header: false for a file that begins with data",
        )
