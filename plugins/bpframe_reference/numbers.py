"""Numbers as arrays of the dtype that they are used with, made once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from bpframe.extend import Array

__all__ = ["number"]


def number(value: float, like: Array) -> Array:
    """Return a number to compute with `like`: a scalar array of its dtype where `like` is a NumPy array.

    NumPy converts a Python number on every call, which costs small arrays more than the arithmetic. Other kinds of
    array take Python numbers.
    """
    constant: Array = _number(value, type(like) is np.ndarray, like.dtype)
    return constant


@lru_cache(maxsize=256)
def _number(value: float, plain: bool, dtype: Any) -> Any:
    if not plain:
        return value
    constant = np.array(value, dtype)
    constant.flags.writeable = False
    return constant
