"""One layout of memory for whatever passes from node to node, so that the same numbers are the same pass."""

from __future__ import annotations

import itertools
import operator
from functools import lru_cache
from typing import Any, TypeVar

__all__ = ["laid_out"]

A = TypeVar("A", bound=Any)


def laid_out(array: A) -> A:
    """Return an array in C order with NumPy's own strides: itself, or a copy.

    Which kernels a product or a sum takes, and so its last bits, depends on how an array lies in memory. With one
    layout for inputs, values and errors, a pass gives the same bits in whatever view they come, called or repeated.
    """
    if _is_usual(array.shape, array.strides, array.itemsize) and array.flags.aligned:
        return array
    return array.copy()  # type: ignore[no-any-return]


@lru_cache(maxsize=4096)
def _is_usual(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> bool:
    usual = tuple(itertools.accumulate(shape[:0:-1], operator.mul, initial=itemsize))[::-1]
    return strides == (usual if shape else ()) or 0 in shape
