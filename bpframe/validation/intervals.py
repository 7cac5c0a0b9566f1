"""Intervals that somebody declares: one for all names, or one for each that is named."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from bpframe.errors import ContractError, did_you_mean

__all__ = ["Interval", "intervals_of"]

#: The open interval low < x < high; of integers, those with low <= x < high.
Interval: TypeAlias = tuple[float, float]


def intervals_of(declared: object, names: Collection[str], where: str, for_all: Iterable[str]) -> dict[str, Interval]:
    """Return the intervals of a mapping from some of the names, or one interval `for_all` of these.

    Errors: ContractError for a key that is no name, and for what is no interval.
    """
    if not isinstance(declared, Mapping):
        return dict.fromkeys(for_all, _interval(declared, where))
    for name in declared:
        if name not in names:
            raise ContractError(
                f"{where} names '{name}', which is no input",
                expected="any of " + ", ".join(names),
                hint=did_you_mean(name, names),
            )
    return {name: _interval(each, f"{where}[{name!r}]") for name, each in declared.items()}


def _interval(declared: object, where: str) -> Interval:
    if isinstance(declared, tuple | list) and len(declared) == 2 and all(map(_is_number, declared)):
        low, high = declared
        if low < high:  # NaN is refused too
            return float(low), float(high)
    raise ContractError(
        f"{where} is no interval",
        expected=f"(low, high), two numbers with low < high; {math.inf} is allowed",
        received=repr(declared),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
