"""Numbers that count their own multiplications, so that a plan's cost can be held to what is really done."""

from __future__ import annotations

from typing import Any

import numpy as np


class Counted:
    """An integer in whose products `Counted.products` is counted up."""

    products = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __mul__(self, other: Counted) -> Counted:
        Counted.products += 1
        return Counted(self.value * other.value)

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.value + other.value)


def counted(values: Any) -> np.ndarray[Any, Any]:
    return np.vectorize(Counted, otypes=[object])(values)


def plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.vectorize(lambda each: each.value, otypes=[np.int64])(array)
