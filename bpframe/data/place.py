"""Where a row of data stands, so that an error can point at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["Array", "Place"]


@dataclass(frozen=True)
class Place:
    """Name the source of an array, its rows and its columns.

    Rows are counted from 0 in arrays; in text files they are line numbers, counted from 1. `numbers` keeps the original
    number of every row through shuffling and splitting.
    """

    source: str
    unit: str = "row"
    numbers: Array | None = None
    columns: tuple[str, ...] | None = None

    def row(self, index: int) -> str:
        """Return the name of the row at `index`, such as ``row 3`` or ``line 5``."""
        number = index if self.numbers is None else int(self.numbers[index])
        return f"{self.unit} {number}"

    def column(self, index: tuple[int, ...]) -> str:
        """Return the name of the entry at `index` within its row; empty where a row is one number."""
        if not index:
            return ""
        if len(index) == 1 and self.columns is not None and index[0] < len(self.columns):
            return f", column {self.columns[index[0]]!r}"
        return f", column {index[0] if len(index) == 1 else index}"

    def take(self, rows: Array) -> Place:
        """Return the place of a selection of rows; their original numbers stay."""
        numbers = rows if self.numbers is None else self.numbers[rows]
        return Place(self.source, self.unit, np.asarray(numbers), self.columns)
