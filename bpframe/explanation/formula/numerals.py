"""Numbers as people read them: few digits, and of large tables the corners."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bpframe.validation.plain_arrays import Array

__all__ = ["DIGITS", "elided", "in_words", "kept"]

#: How many digits texts show; the data has all of them.
DIGITS = 5

#: Tables with more rows or columns than the first number show as many as the second one, of which one is dots.
WHOLE, CORNERS = 8, 5


def in_words(number: Array | float, digits: int = DIGITS) -> str:
    """Return a number with a few digits: whole ones as they are, others that are not finite by name."""
    value = float(number)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{digits}g}" if value else "0"


def elided(array: Array) -> list[list[str]]:
    """Return the cells of a column or a matrix, with dots for what is left out between the corners.

    More axes than two are first joined: all but the last become rows.
    """
    table = array[:, None] if array.ndim == 1 else array.reshape(-1, array.shape[-1])
    rows, columns = (kept(count, WHOLE, CORNERS) for count in table.shape)
    return [["..." if i is None or j is None else in_words(table[i, j]) for j in columns] for i in rows]


def kept(count: int, whole: int, corners: int) -> Sequence[int | None]:
    """Return which of so many places are shown; None stands for those left out."""
    if count <= whole:
        return range(count)
    back = (corners - 1) // 2
    return [*range(corners - 1 - back), None, *range(count - back, count)]
