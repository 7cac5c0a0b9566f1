"""Where the cells of a plain CSV file begin and end, found all at once; numbers are read by NumPy's own loader."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from bpframe.data.cells import NumberForm
from bpframe.data.place import Array

__all__ = ["CellIndex"]

_BLOCK = 2**22

# From so many bytes on, another library is worth its import.
_LARGE = 2**22


@dataclass(frozen=True)
class CellIndex:
    """Hold the rows of a plain file, each of `width` cells: `ends` (N, width) are where cells end in `body`.

    What it returns is what the csv module and `float` would, to the last bit; wherever that is not certain it is None,
    and the file is read cell by cell, which also knows what to say of a mistake.
    """

    body: bytes
    delimiter: str
    ends: Array

    @classmethod
    def of(cls, body: bytes, delimiter: str, width: int) -> CellIndex | None:
        """Return the index of rows of text, or None where they have blank lines or other numbers of cells.

        None too where quotes are needed, around delimiters, line ends and quotes; others are left out of `body`.
        """
        if not delimiter.isascii() or (b"\r" in body and body.count(b"\r") != body.count(b"\r\n")):
            return None
        if b'"' in body:
            without = _unquoted(body, delimiter)
            if without is None:
                return None
            body = without
        if not body.endswith(b"\n") or body.endswith((b"\n\n", b"\n\r\n")):
            body = body.rstrip(b"\r\n") + b"\n"
        ends = _marks(body, ord(delimiter))
        if len(body) < 2 or len(ends) % width:
            return None
        ends = ends.reshape(-1, width)
        lines = np.frombuffer(body, np.uint8)[ends[:, -1]]
        whole = body.count(b"\n") == len(ends) and (lines == 10).all()  # so that no other cell ends in one
        index = cls(body, delimiter, ends) if whole else None
        if index is not None and width == 1 and "" in index.texts(0):  # a blank line is an empty cell
            return None
        return index

    def numbers(self, columns: Sequence[int], form: NumberForm, gaps: Collection[str] | None) -> Array | None:
        """Return columns as numbers (N, k) in float64, NaN where a cell holds one of `gaps`; None where it is not sure.

        `gaps` are the marks of missing values, in lower case; with None there may be none.
        """
        body = self.body
        if form.thousands is not None or (form.decimal != "." and (b"." in body or self.delimiter == form.decimal)):
            return None
        if gaps is not None and ("nan" not in gaps or _other_nan(body, gaps)):
            return None
        if form.decimal != ".":
            body = body.replace(form.decimal.encode(), b".")
        found = self._by_arrow(body, columns, gaps) if len(body) >= _LARGE else None
        return self._by_numpy(body, columns, gaps) if found is None else found

    def _by_numpy(self, body: bytes, columns: Sequence[int], gaps: Collection[str] | None) -> Array | None:
        """Return the numbers as NumPy's loader reads them, which calls the same conversion as `float`."""
        if gaps is not None:
            body = self._filled(body, gaps)
        try:
            text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8")
            found = np.loadtxt(text, delimiter=self.delimiter, usecols=list(columns), comments=None, ndmin=2)
        except ValueError:
            return None
        return self._usable(found, columns, gaps)

    def _by_arrow(self, body: bytes, columns: Sequence[int], gaps: Collection[str] | None) -> Array | None:
        """Return the numbers as pyarrow reads them, where it is installed: the same to the last bit, and faster.

        It knows marks of gaps as they are written, and takes `nan(...)` for a number, which nobody else does.
        """
        try:
            arrow, csv = import_module("pyarrow"), import_module("pyarrow.csv")
        except ImportError:
            return None
        if b"(" in body:
            return None
        names = [str(k) for k in range(self.ends.shape[1])]
        marks = sorted({way for mark in gaps or () for way in (mark, mark.upper(), mark.capitalize())})
        marks = [*marks, *(["NaN"] if gaps is not None and "nan" in gaps else [])]
        wanted = [names[k] for k in columns]
        try:
            table = csv.read_csv(
                arrow.BufferReader(body),
                read_options=csv.ReadOptions(column_names=names),
                parse_options=csv.ParseOptions(delimiter=self.delimiter, quote_char=False, ignore_empty_lines=False),
                convert_options=csv.ConvertOptions(
                    include_columns=list(dict.fromkeys(wanted)),
                    column_types=dict.fromkeys(wanted, arrow.float64()),
                    null_values=marks if gaps is not None else [],
                ),
            )
        except arrow.ArrowException:
            return None
        if table.num_rows != len(self.ends):
            return None
        found = np.empty((len(columns), len(self.ends)))
        for row, name in zip(found, wanted, strict=True):
            row[:] = table.column(name).to_numpy()
        return self._usable(found.T, columns, gaps)

    def _usable(self, found: Array, columns: Sequence[int], gaps: Collection[str] | None) -> Array | None:
        if found.shape != (len(self.ends), len(columns)):
            return None
        wrong = np.isinf(found) if gaps is not None else ~np.isfinite(found)
        return None if wrong.any() else found

    def texts(self, column: int) -> list[str]:
        """Return the cells of a column, without blanks around them."""
        ends = self.ends.reshape(-1)
        width = self.ends.shape[1]
        starts = np.empty(len(self.ends), np.int64)
        if column:
            starts[:] = ends[column - 1 :: width]
        else:
            starts[0], starts[1:] = -1, ends[width - 1 : -1 : width]
        starts += 1
        body = self.body
        pairs = zip(starts.tolist(), self.ends[:, column].tolist(), strict=True)
        return [body[start:end].decode().strip() for start, end in pairs]

    def _filled(self, body: bytes, gaps: Collection[str]) -> bytes:
        """Return the rows with `nan` where a cell holds nothing but one of the marks."""
        mark = re.escape(self.delimiter.encode())
        blank = b"[ ]*" if self.delimiter == "\t" else rb"[ \t]*"
        words = b"|".join(re.escape(each.encode()) for each in sorted(set(gaps) - {""}, key=len, reverse=True))
        optional = b"?" if "" in gaps else b""
        pattern = (
            rb"(?<=["
            + mark
            + rb"\n])"
            + blank
            + rb"(?:"
            + words
            + rb")"
            + optional
            + blank
            + rb"(?=["
            + mark
            + rb"\r\n])"
        )
        return re.sub(pattern, b"nan", b"\n" + body, flags=re.IGNORECASE)[1:]


def _unquoted(body: bytes, delimiter: str) -> bytes | None:
    """Return rows without the quotes around whole cells, None where one of these holds what needs them."""
    mark = re.escape(delimiter.encode())
    cell = rb"(?<=[" + mark + rb'\n])"([^"\r\n' + mark + rb']*)"(?=[' + mark + rb"\r\n])"
    lined = b"\n" + body if body.endswith(b"\n") else b"\n" + body + b"\n"
    without, count = re.subn(cell, rb"\1", lined)
    return without[1:] if 2 * count == body.count(b'"') else None


def _other_nan(body: bytes, gaps: Collection[str]) -> bool:
    """Return whether something may be read as NaN that is no mark of a missing value."""
    return re.search(rb"\+nan" if "-nan" in gaps else rb"[+-]nan", body, re.IGNORECASE) is not None


def _marks(body: bytes, delimiter: int) -> Array:
    """Return where the delimiter and line ends are."""
    found = []
    text = np.frombuffer(body, np.uint8)
    kind = np.uint32 if len(body) < 2**32 else np.int64
    for start in range(0, len(text), _BLOCK):
        block = text[start : start + _BLOCK]
        found.append((np.flatnonzero((block == delimiter) | (block == 10)) + start).astype(kind))
    return np.concatenate(found)
