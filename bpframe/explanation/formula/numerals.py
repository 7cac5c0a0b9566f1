"""Numbers as people read them: few digits, and of large tables the corners."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal

from bpframe.validation.plain_arrays import Array

__all__ = ["DIGITS", "count_as_data", "elided", "in_full", "in_words", "kept", "magnitude", "printed", "roughly"]

#: How many digits texts show; the data has all of them.
DIGITS = 5

#: Tables with more rows or columns than the first number show as many as the second one, of which one is dots.
WHOLE, CORNERS = 8, 5

#: Counts of more digits are told rounded, in texts; in data a JSON integer has at most so many digits, which every
#: setting of Python reads, and a text so many, which are exact.
IN_FULL, INTEGER, EXACT = 40, 640, 10_000


def in_words(number: Array | float, digits: int = DIGITS) -> str:
    """Return a number with a few digits: whole ones as they are, others that are not finite by name."""
    value = float(number)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{digits}g}" if value else "0"


def printed(number: Array | float, digits: int = DIGITS) -> str:
    """Return a number in words with the minus sign of print, which is as wide as a plus."""
    return in_words(number, digits).replace("-", "−")


def magnitude(count: int) -> int:
    """Return the power of ten at or below a positive count, however many digits it has: 3 of 1,234."""
    return Decimal(count).adjusted()  # Python refuses to write long integers, and not decimals


def roughly(count: int, power_of_ten: Callable[[int], str] = "10^{}".format) -> str:
    """Return a count, a large one as a power of ten, written as `power_of_ten` writes it."""
    return f"{count:,}" if count < 10**9 else power_of_ten(magnitude(count))


def in_full(count: int) -> str:
    """Return a count with all of its digits, or where these are many as 1.2346·10^4214."""
    if count < 10**IN_FULL:
        return f"{count:,}"
    digits, _, power = f"{Decimal(count):.4e}".partition("e+")
    return f"{digits}·10^{power}"


def count_as_data(count: int) -> int | str:
    """Return a count as JSON holds it: an integer, the digits of a long one as a text, or 17 of them and a power."""
    if count < 10**INTEGER:
        return count
    digits = magnitude(count) + 1
    return f"{Decimal(count):f}" if digits <= EXACT else f"{Decimal(count):.16e}"


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
