"""What memory allows: results above a stated limit are refused, and examples are taken in portions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from bpframe.core.backprop.rows import slices
from bpframe.errors import DerivativeError, MemoryLimitError

__all__ = ["MEMORY_LIMIT", "check_memory", "example_bytes", "in_words", "portion", "portions"]

#: The most bytes that a result may take unless the caller states another limit: 1 GiB.
MEMORY_LIMIT = 1 << 30

#: How many bytes of temporary arrays a computation that goes through its examples in portions uses at once.
PORTION_BYTES = 1 << 26


def check_memory(what: str, shape: tuple[int, ...], dtype: Any, limit: int | None, instead: str) -> None:
    """Refuse an array of this shape where it takes more than `limit` bytes (`MEMORY_LIMIT` where None).

    `instead` says which form needs less.

    Errors: MemoryLimitError; DerivativeError for a limit that is no positive number of bytes.
    """
    limit = MEMORY_LIMIT if limit is None else limit
    if isinstance(limit, bool) or not isinstance(limit, int | np.integer) or limit < 1:
        raise DerivativeError("memory_limit is no number of bytes", expected="a positive integer", received=repr(limit))
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size > limit:
        raise MemoryLimitError(
            f"{what} would take more memory than the limit",
            expected=f"at most {in_words(limit)}",
            received=f"{in_words(size)}: an array {shape} of {np.dtype(dtype)}",
            hint=f"{instead}; or a larger memory_limit, in bytes",
        )


def example_bytes(shapes: Iterable[tuple[int, ...]], dtype: Any) -> int:
    """Return about how many bytes one example takes where it is linearised, or a vector pushed and pulled through it.

    Of every entry of values with these shapes there are four numbers: the value or its change, its error, and its local
    Jacobian's share, as what is stated and as what comes of it on the way.
    """
    return 4 * sum(math.prod(shape) for shape in shapes) * int(np.dtype(dtype).itemsize)


def portion(count: int, bytes_each: int) -> int:
    """Return how many of `count` examples or vectors to take at once where each needs so many bytes."""
    return max(1, min(count, PORTION_BYTES // max(1, bytes_each)))


def portions(count: int, bytes_each: int) -> list[slice]:
    """Return the portions of `count` examples or vectors, where each needs so many bytes."""
    return slices(count, portion(count, bytes_each))


def in_words(size: int) -> str:
    """Return a number of bytes as people write it: `1.5 GiB`."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{size} bytes" if unit == "bytes" else f"{value:.3g} {unit}"
