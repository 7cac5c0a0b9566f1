"""Numbers that count their own multiplications, so that a plan's cost can be held to what is really done."""

from __future__ import annotations

from typing import Any

import numpy as np


class Counted:
    """An integer in whose products `Counted.products` is counted up."""

    products = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __mul__(self, other: Counted | int) -> Counted:
        Counted.products += 1
        return Counted(self.value * _value(other))

    def __add__(self, other: Counted | int) -> Counted:
        return Counted(self.value + _value(other))

    __rmul__ = __mul__  # zeros and ones that somebody writes out are plain integers
    __radd__ = __add__


def _value(number: Counted | int) -> int:
    return number.value if isinstance(number, Counted) else number


def counted(values: Any) -> np.ndarray[Any, Any]:
    return np.vectorize(Counted, otypes=[object])(values)


def plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.vectorize(_value, otypes=[np.int64])(array)
