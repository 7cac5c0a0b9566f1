"""Where the cells of a plain CSV file begin and end, found all at once; numbers are read by NumPy's own loader."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from bpframe.data.cells import NumberForm
from bpframe.data.place import Array

__all__ = ["CellIndex"]

_BLOCK = 2**24


@dataclass(frozen=True)
class CellIndex:
    """Hold the rows of a file without quotes, each of `width` cells: `ends` (N, width) are where cells end in `body`.

    What it returns is what the csv module and `float` would, to the last bit; wherever that is not certain it is None,
    and the file is read cell by cell, which also knows what to say of a mistake.
    """

    body: bytes
    delimiter: str
    ends: Array

    @classmethod
    def of(cls, body: bytes, delimiter: str, width: int) -> CellIndex | None:
        """Return the index of rows of text, or None where they have quotes, blank lines or other numbers of cells."""
        if not delimiter.isascii() or b'"' in body or body.count(b"\r") != body.count(b"\r\n"):
            return None
        body = body.rstrip(b"\r\n") + b"\n"
        ends = _marks(body, ord(delimiter))
        if len(body) < 2 or len(ends) % width:
            return None
        ends = ends.reshape(-1, width)
        last = np.frombuffer(body, np.uint8)[ends]
        whole = (last[:, -1] == 10).all() and (last[:, :-1] == ord(delimiter)).all()
        if width == 1 and whole:  # a blank line is an empty cell
            whole = not (body.startswith((b"\n", b"\r")) or b"\n\n" in body or b"\n\r" in body)
        return cls(body, delimiter, ends) if whole else None

    def numbers(self, columns: Sequence[int], form: NumberForm, gaps: Collection[str] | None) -> Array | None:
        """Return columns as numbers (N, k) in float64, NaN where a cell holds one of `gaps`; None where it is not sure.

        `gaps` are the marks of missing values, in lower case; with None there may be none.
        """
        body = self.body
        if form.thousands is not None or (form.decimal != "." and (b"." in body or self.delimiter == form.decimal)):
            return None
        if gaps is not None:
            if "nan" not in gaps or b"+nan" in body.lower():
                return None
            body = self._filled(body, gaps)
        if form.decimal != ".":
            body = body.replace(form.decimal.encode(), b".")
        try:
            text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8")
            found = np.loadtxt(text, delimiter=self.delimiter, usecols=list(columns), comments=None, ndmin=2)
        except ValueError:
            return None
        if found.shape != (len(self.ends), len(columns)):
            return None
        wrong = np.isinf(found) if gaps is not None else ~np.isfinite(found)
        return None if wrong.any() else found

    def texts(self, column: int) -> list[str]:
        """Return the cells of a column, without blanks around them."""
        ends = self.ends.reshape(-1)
        width = self.ends.shape[1]
        starts = np.empty(len(self.ends), np.int64)
        starts[:] = ends[column - 1 :: width] + 1 if column else 0
        if column == 0:
            starts[1:] = ends[width - 1 : -1 : width] + 1
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


def _marks(body: bytes, delimiter: int) -> Array:
    """Return where the delimiter and line ends are."""
    found = []
    text = np.frombuffer(body, np.uint8)
    for start in range(0, len(text), _BLOCK):
        block = text[start : start + _BLOCK]
        found.append(np.flatnonzero((block == delimiter) | (block == 10)) + start)
    return np.concatenate(found)
