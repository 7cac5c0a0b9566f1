"""What may be written out: results that grow with examples × parameters are refused above a stated limit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.errors import DerivativeError, MemoryLimitError

__all__ = ["MEMORY_LIMIT", "check_memory", "portion", "slices"]

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


def portion(count: int, bytes_each: int) -> int:
    """Return how many of `count` examples to take at once where each needs so many bytes."""
    return max(1, min(count, PORTION_BYTES // max(1, bytes_each)))


def slices(count: int, step: int) -> list[slice]:
    """Return the portions of `count` examples or vectors, `step` in each and maybe fewer in the last."""
    return [slice(first, min(first + step, count)) for first in range(0, count, step)]


def in_words(size: int) -> str:
    """Return a number of bytes as people write it: `1.5 GiB`."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{size} bytes" if unit == "bytes" else f"{value:.3g} {unit}"
