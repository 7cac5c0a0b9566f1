"""Integers that users give, of any magnitude: sizes, counts, seeds."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from bpframe.errors import DerivativeError

__all__ = ["checked_integer"]


def checked_integer(value: Any, name: str, least: int = 1) -> int:
    """Return an integer, NumPy's included, as Python's, which do not overflow.

    Errors: DerivativeError with the `name` where it is not an integer or below `least`.
    """
    expected = "a positive integer" if least == 1 else f"an integer from {least}"
    try:
        number = index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, (bool, np.bool_)):
        raise DerivativeError(f"{name}: not an integer", expected=expected, received=repr(value))
    if number < least:
        raise DerivativeError(f"{name}: too small", expected=expected, received=str(number))
    return number
