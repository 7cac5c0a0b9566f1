"""Find the character between the cells of a CSV file where nobody says which it is."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from bpframe.errors import DataError

__all__ = ["found_delimiter", "shown_delimiter"]

_CANDIDATES = ",;\t|"

# So much of the beginning of a file is looked at.
_BYTES, _ROWS = 2**16, 50


def found_delimiter(path: Path, text: bytes) -> str:
    """Return the one delimiter that cuts the first rows of a file into the same number of cells, two at least.

    Where none does, a comma, or a tab in a .tsv file: whoever reads the file then says what is wrong with it. Errors:
    DataError where several do.
    """
    usual = "\t" if ".tsv" in path.name.lower() else ","
    begin = text[:_BYTES].decode(errors="ignore")
    found = [mark for mark in _CANDIDATES if mark in begin and _cuts(begin, mark, len(text) > _BYTES)]
    if len(found) > 1:
        first = begin.lstrip("\r\n").partition("\n")[0].strip()
        raise DataError(
            f"{path}: the cells may be separated by {' or by '.join(repr(mark) for mark in found)}",
            expected="one character that cuts every row into the same number of cells",
            received=first[:80],
            hint="say which: " + " or ".join(shown_delimiter(mark) for mark in found),
        )
    return found[0] if found else usual


def shown_delimiter(mark: str) -> str:
    """Return the setting as a spec has it."""
    return 'delimiter: "' + mark.replace("\t", r"\t") + '"'


def _cuts(begin: str, mark: str, more: bool) -> bool:
    counts = []
    try:
        for row in csv.reader(io.StringIO(begin, newline=""), delimiter=mark, skipinitialspace=True, strict=True):
            if row and row != [""]:
                counts.append(len(row))
            if len(counts) > _ROWS:
                break
    except csv.Error:
        if not more:
            return False
    if more and 1 < len(counts) <= _ROWS:
        counts.pop()  # the last row was cut
    return bool(counts) and counts[0] > 1 and len(set(counts)) == 1
