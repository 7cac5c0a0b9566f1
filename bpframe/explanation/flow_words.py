"""What stands out in the flow of errors, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bpframe.explanation.formula.numerals import in_words

__all__ = ["MUCH", "sentences"]

#: A layer that passes on less than the first share of its error, or more than the second, is spoken of.
LITTLE, MUCH = 0.1, 10.0

#: Errors vanish, or explode, where the last layer's is so many times the output's.
VANISHED, EXPLODED = 1e-3, 1e3

#: From this share of flat slopes on, and below this singular value, these are why little is passed on.
MOSTLY, SMALL = 0.75, 0.5


class Row(Protocol):
    """What is known of a layer."""

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def activation(self) -> str | None:
        """Its activation."""

    @property
    def units(self) -> int:
        """How many numbers come out of it."""

    @property
    def error(self) -> float:
        """The error of its output."""

    @property
    def passes_on(self) -> float | None:
        """The share that it passes on."""

    @property
    def flat(self) -> float | None:
        """The share of flat slopes."""

    @property
    def dead(self) -> int | None:
        """How many units are dead."""

    @property
    def largest(self) -> float | None:
        """The largest singular value."""


def sentences(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what stands out, layer by layer from the output back, and then of all together."""
    found = [said for row in rows for said in _of(row)]
    errors = [row.error for row in rows]
    if not errors or not errors[0]:
        return (*found, "no error: the examples are where their cost wants them, or nothing reaches the output")
    share = errors[-1] / errors[0]
    if share < VANISHED:
        found.append(f"errors vanish: {rows[-1].name} gets {_percent(share)} of the error of {rows[0].name}")
    elif share > EXPLODED:
        found.append(f"errors explode: {rows[-1].name} gets {_number(share)} times the error of {rows[0].name}")
    return tuple(found) or ("errors keep their size on the way back",)


def _of(row: Row) -> list[str]:
    found = []
    name = row.name if row.name.startswith("layer ") else f"'{row.name}'"
    if row.dead:
        every = "all" if row.dead == row.units else f"{row.dead:,} of the"
        are = "is" if row.dead == 1 else "are"
        units = f"{every} {row.units:,} units of {name} {are} dead"
        found.append(f"{units}: the slope of their {row.activation} is 0 at every example")
    if row.passes_on is None:
        return found
    if row.passes_on < LITTLE:
        found.append(f"{name} passes on {_percent(row.passes_on)} of its error{_why(row)}")
    elif row.flat is not None and row.flat >= MOSTLY and not row.dead:
        found.append(f"{name} is saturated: its {row.activation} is flat at {_percent(row.flat)} of its values")
    elif row.passes_on > MUCH:
        large = "" if row.largest is None else f": the largest singular value of its Jacobian is {_number(row.largest)}"
        found.append(f"{name} passes on {_number(row.passes_on)} times its error{large}")
    return found


def _why(row: Row) -> str:
    if row.flat is not None and row.flat >= MOSTLY:
        saturated = "" if row.dead else "saturated, "
        return f": its {row.activation} is {saturated}flat at {_percent(row.flat)} of its values"
    return _size(row) if row.largest is not None and row.largest < SMALL else ""


def _size(row: Row) -> str:
    return "" if row.largest is None else f": the largest singular value of its Jacobian is {_number(row.largest)}"


def _number(number: float) -> str:
    return f"{number:,.0f}" if 100 <= number < 1e6 else in_words(number, 2)


def _percent(share: float) -> str:
    return f"{in_words(100 * share, 2 if share < 0.1 else 3)} %"
