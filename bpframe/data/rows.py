"""The rows of a CSV file one by one, as the csv module reads them, and which of them is the header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bpframe.data.cells import finite_number, number_hint, other_delimiter
from bpframe.data.place import Array
from bpframe.errors import DataError

__all__ = ["begun", "comment_hint", "data_rows", "first_row_hint", "read_header"]

# Beyond these a file is no table that somebody wrote.
_LONGEST, _MOST_COLUMNS = 2**22, 100_000


def read_header(
    path: Path, text: bytes, delimiter: str, header: bool | None
) -> tuple[tuple[str, ...] | None, int, int, int]:
    """Return the names of the columns, how many there are, and where the data begin: at which byte, in which line.

    Raises DataError for a file without rows, and for a header that is a row of numbers.
    """
    names: tuple[str, ...] | None = None
    data = 0, 1
    for line, row, begin, after in _rows(path, text, 1, delimiter):
        if row in ([], [""]):
            continue
        if names is not None:
            return names, len(names), *data
        if len(row) > _MOST_COLUMNS:
            raise DataError(
                f"{path}, line {line}: the row has {len(row):,} cells",
                expected=f"at most {_MOST_COLUMNS:,} columns",
                received=begun(row),
                hint="numpy.save writes wide arrays as .npy",
            )
        if header is None:
            header = _looks_like_names(path, line, row)
        if not header:
            return None, len(row), begin, line
        names, data = tuple(row), after
        _require_no_numbers(path, line, names)
    raise _no_rows(path, names)


def data_rows(
    path: Path, text: bytes, first_line: int, delimiter: str, names: tuple[str, ...] | None
) -> tuple[list[list[str]], Array]:
    """Return the rows below the header, stripped cells of one number, and the line of each.

    Raises DataError for a ragged row, an open quote, and an empty cell in a file of one column.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    blank: int | None = None
    for line, row, *_ in _rows(path, text, first_line, delimiter):
        if row in ([], [""]):
            blank = line
            continue
        width = len(names or (rows[0] if rows else row))
        if len(row) != width:
            quoted = f"quote cells that contain {delimiter!r}" if len(row) > width else "fill in the missing cells"
            other = other_delimiter(names or rows[0], delimiter)
            raise DataError(
                f"{path}, line {line}: the row has {len(row)} cells",
                expected=f"{width} cells, as in the {'header' if names else 'first row'}",
                received=f"{len(row)} cells",
                hint=comment_hint(names or rows[0]) or comment_hint(row) or other or quoted,
            )
        if width == 1 and blank is not None and (names or rows):  # of a single column, a blank line is an empty cell
            raise DataError(f"{path}, line {blank}: the cell is empty", hint="fill it in, or take the line out")
        rows.append(row)
        lines.append(line)
        blank = None
    if not rows:
        raise _no_rows(path, names)
    return rows, np.array(lines)


def begun(cells: Sequence[str]) -> str:
    """Return the first cells of a row, shortened."""
    return ", ".join(cell[:60] for cell in cells[:12]) + (", ..." if len(cells) > 12 else "")


def comment_hint(row: Sequence[str]) -> str | None:
    """Return what to do where a row is a comment."""
    return f"take the comments out: {row[0]!r:.40}" if row[0].startswith("#") else None


def first_row_hint(names: Sequence[str]) -> str | None:
    """Return what to write where the names of columns look like a row of data, or like a comment."""
    numbers = any(finite_number(name) is not None for name in names)
    return comment_hint(names) or ("header: false for a file that begins with data" if numbers else None)


def _no_rows(path: Path, names: tuple[str, ...] | None) -> DataError:
    return DataError(
        f"{path} holds no rows",
        expected="at least one row of data" + (" below the header" if names else ""),
        received="only a header" if names else "an empty file",
    )


def _looks_like_names(path: Path, line: int, row: Sequence[str]) -> bool:
    numbers = [finite_number(cell) is not None for cell in row]
    if any(numbers) and not all(numbers):
        raise DataError(
            f"{path}, line {line}: the first row holds numbers and texts",
            expected="the names of the columns, or numbers alone",
            received=begun(row),
            hint=number_hint(row[numbers.index(False)]) or "give every column a name, or take columns of text out",
        )
    return not any(numbers)


class _Lines:
    """The lines of a text, and how many bytes of it have been read. Errors: DataError for a line of megabytes."""

    def __init__(self, path: Path, text: bytes) -> None:
        self._path = path
        self._lines = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:  # newline="" leaves line ends inside quotes to the csv module
            if len(line) > _LONGEST:
                raise DataError(
                    f"{self._path}: a line is too long",
                    expected=f"at most {_LONGEST:,} characters",
                    received=f"{len(line):,} characters, {line[:60]!r}...",
                    hint="is it a CSV file, with a line for every example?",
                )
            self.read += len(line) if line.isascii() else len(line.encode())
            yield line


def _rows(
    path: Path, text: bytes, first_line: int, delimiter: str
) -> Iterator[tuple[int, list[str], int, tuple[int, int]]]:
    """Yield every row with its first line, the byte that it begins at, and both of what comes after it."""
    lines = _Lines(path, text)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    line, begin = first_line, 0
    try:
        for cells in reader:
            after = lines.read, first_line + reader.line_num
            yield line, [cell.strip() for cell in cells], begin, after
            begin, line = after
    except csv.Error as error:
        raise DataError(
            f"{path}, line {line}: {error}", expected="cells as RFC 4180 writes them, quotes closed"
        ) from error


def _require_no_numbers(path: Path, line: int, names: tuple[str, ...]) -> None:
    if names == tuple(str(k) for k in range(len(names))):
        return
    if all(finite_number(name) is not None for name in names):
        raise DataError(
            f"{path}, line {line}: the header is a row of numbers",
            expected="the names of the columns",
            received=begun(names),
            hint="header: false for a file that begins with data",
        )
