"""Memory that walks through a network use again and again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["KEPT_BYTES", "Scratch"]


#: How many bytes are kept at most.
KEPT_BYTES = 1 << 24


class Scratch:
    """Arrays by slot, shape and dtype, of which the next walk overwrites what the one before was given.

    Large arrays that are made anew each time go back to the operating system each time, and cost more than the numbers
    that are written into them.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[int, tuple[int, ...], np.dtype[Any]], Array] = {}
        self._bytes = 0

    def array(self, slot: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array | None:
        """Return an array of a slot's, with anything in it; None where as much is kept as may be."""
        key = slot, shape, dtype
        found = self._arrays.get(key)
        if found is None:
            size = math.prod(shape) * dtype.itemsize
            if self._bytes + size > KEPT_BYTES:
                return None
            found = self._arrays[key] = np.empty(shape, dtype)
            self._bytes += size
        return found
