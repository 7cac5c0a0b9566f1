"""Dropped imaginary parts as errors, in as many threads at once as there are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

import numpy as np

__all__ = ["complex_warning_raises"]

_LOCK = Lock()
_STACK = ExitStack()
_INSIDE = [0]


@contextmanager
def complex_warning_raises() -> Iterator[None]:
    """Have NumPy's ComplexWarning raised inside the block.

    Python's filters of warnings are those of all threads: where blocks overlap, the first one in sets them, and the
    last one out puts them back.
    """
    with _LOCK:
        if not _INSIDE[0]:
            _STACK.enter_context(warnings.catch_warnings())
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
        _INSIDE[0] += 1
    try:
        yield
    finally:
        with _LOCK:
            _INSIDE[0] -= 1
            if not _INSIDE[0]:
                _STACK.close()
