"""What the cells of a text file mean: numbers, and what was meant where they are none."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

__all__ = ["finite_number", "is_missing", "number_hint", "other_delimiter"]

_MISSING = frozenset({
    "", "na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "null", "none", "nil", "?", "-", ".",
    "#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!",
})  # fmt: skip


def finite_number(cell: str) -> float | None:
    """Return the number that a cell holds, or None where it holds none, or none that is finite."""
    # float() also takes Python's digit separators, which no CSV writer means.
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None


def is_missing(cell: str) -> bool:
    """Return whether a cell is empty, or holds one of the marks that stand for a missing value."""
    return cell.lower() in _MISSING


def number_hint(cell: str) -> str | None:
    """Return what to write in place of a cell that was to be a number; None where it is text."""
    if is_missing(cell):
        return "the value is missing: fill it in, or take the line out"
    if cell.lower() in ("true", "false"):
        return "write 1 for true and 0 for false"
    if "\N{MINUS SIGN}" in cell and finite_number(plain := cell.replace("\N{MINUS SIGN}", "-")) is not None:
        return f"write {plain}, with a hyphen for minus"
    if re.fullmatch(r"[-+]?[\d.,]+ ?[%$€£¥]|[$€£¥] ?[-+]?[\d.,]+", cell):
        return "write the numbers alone, without %" if "%" in cell else "write the numbers alone, without a currency"
    if re.fullmatch(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T].*)?|\d{1,2}(:\d{2}){1,2}(\.\d+)?", cell):
        return "write dates and times as numbers, such as days since the first, or select `inputs` without them"
    if "," in cell and re.fullmatch(r"[-+]?[\d.,' \u00a0\u202f]+([eE][-+]?\d+)?", cell):
        if cell.count(",") == 1 and "." not in cell and not re.search(r",\d{3}$", cell):
            return f"write {cell.replace(',', '.')}, with a decimal point"
        return "write numbers with a decimal point, and without marks between thousands"
    return None


def other_delimiter(first_row: Sequence[str], delimiter: str) -> str | None:
    """Return the setting that the file wants, where all of a row lies in one cell and another delimiter is in it."""
    if len(first_row) != 1:
        return None
    found = next((mark for mark in ";\t|," if mark != delimiter and mark in first_row[0]), None)
    return None if found is None else 'delimiter: "' + found.replace("\t", r"\t") + '"'
