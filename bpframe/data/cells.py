"""What the cells of a text file mean: numbers, and what was meant where they are none."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["MISSING", "PLAIN", "NumberForm", "finite_number", "is_missing", "number_hint", "other_delimiter"]

#: The marks that stand for a missing value, in lower case.
MISSING = frozenset({
    "", "na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "null", "none", "nil", "?", "-", ".",
    "#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!",
})  # fmt: skip


@dataclass(frozen=True)
class NumberForm:
    """State how numbers are written: the mark before decimals, and the one between thousands, if there is one."""

    decimal: str = "."
    thousands: str | None = None

    @property
    def plain(self) -> bool:
        """Whether numbers are written as Python writes them."""
        return self.decimal == "." and self.thousands is None

    def spelled(self, cell: str) -> str:
        """Return a number as Python writes it; what is no number of this form comes back as what is none.

        Between thousands stand three digits each: 1,234,567.8 is a number, 1,23 is none.
        """
        if self.thousands is not None:
            marks = "[ \u00a0\u202f]" if self.thousands == " " else re.escape(self.thousands)
            if re.fullmatch(rf"[-+]?\d{{1,3}}({marks}\d{{3}})+({re.escape(self.decimal)}\d*)?([eE][-+]?\d+)?", cell):
                cell = re.sub(marks, "", cell)
        if self.decimal != ".":
            cell = cell.replace(".", "_").replace(self.decimal, ".")  # "_": a point is no decimal mark here
        return cell


#: As Python writes numbers.
PLAIN = NumberForm()


def finite_number(cell: str, form: NumberForm = PLAIN) -> float | None:
    """Return the number that a cell holds, or None where it holds none, or none that is finite."""
    # float() also takes Python's digit separators, which no CSV writer means.
    if not form.plain:
        cell = form.spelled(cell)
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None


def is_missing(cell: str) -> bool:
    """Return whether a cell is empty, or holds one of the marks that stand for a missing value."""
    return cell.lower() in MISSING


def number_hint(cell: str) -> str | None:
    """Return what to write in place of a cell that was to be a number; None where it is text."""
    if is_missing(cell):
        return "the value is missing: fill it in, take the line out, or say `missing: mean`, indicator or drop"
    if cell.lower() in ("true", "false"):
        return "write 1 for true and 0 for false"
    if "\N{MINUS SIGN}" in cell and finite_number(plain := cell.replace("\N{MINUS SIGN}", "-")) is not None:
        return f"write {plain}, with a hyphen for minus"
    if re.fullmatch(r"[-+]?[\d.,]+ ?[%$€£¥]|[$€£¥] ?[-+]?[\d.,]+", cell):
        return "write the numbers alone, without %" if "%" in cell else "write the numbers alone, without a currency"
    if re.fullmatch(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T].*)?|\d{1,2}(:\d{2}){1,2}(\.\d+)?", cell):
        return (
            "write dates and times as numbers, such as days since the first, or their year, month and weekday in "
            "columns of their own; or select `inputs` without them"
        )
    if "," in cell and re.fullmatch(r"[-+]?[\d.,' \u00a0\u202f]+([eE][-+]?\d+)?", cell):
        if cell.count(",") == 1 and "." not in cell and not re.search(r",\d{3}$", cell):
            return f'write {cell.replace(",", ".")}, with a decimal point, or say `decimal: ","`'
        form = NumberForm(",", ".") if re.search(r"\.\d{3}(,\d*)?$", cell) else NumberForm(".", ",")
        said = "" if finite_number(cell, form) is None else f', or say `thousands: "{form.thousands}"`'
        said += ' and `decimal: ","`' if said and form.decimal == "," else ""
        return f"write numbers with a decimal point, and without marks between thousands{said}"
    return None


def other_delimiter(first_row: Sequence[str], delimiter: str) -> str | None:
    """Return the setting that the file wants, where all of a row lies in one cell and another delimiter is in it."""
    if len(first_row) != 1:
        return None
    found = next((mark for mark in ";\t|," if mark != delimiter and mark in first_row[0]), None)
    return None if found is None else 'delimiter: "' + found.replace("\t", r"\t") + '"'
