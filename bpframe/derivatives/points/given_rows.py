"""Examples that are read in portions, checked as those in memory are, portion by portion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from bpframe.core.backprop.engine import EVALUATION_BATCH
from bpframe.core.backprop.rows import slices
from bpframe.errors import DataError
from bpframe.machine.memory import require_memory
from bpframe.validation.indexed import Indexed, indexed
from bpframe.validation.plain_arrays import Array

__all__ = ["IN_MEMORY", "by_rows", "checked_rows", "loaded"]

#: What takes no more bytes than that is read once and kept, since then it costs nothing to read it again.
IN_MEMORY = 1 << 26

#: How many bytes are read at once, of what is read from its beginning to its end.
PORTION = 1 << 24


def by_rows(given: Any, what: str) -> Any:
    """Return examples as users hand them in, with what is to be read in portions as `Indexed`.

    Errors: DataError (the first example cannot be read).
    """
    if isinstance(given, Mapping):
        return {name: by_rows(each, f"{what} '{name}'") for name, each in given.items()}
    found = indexed(given, what)
    return given if found is None else found


def checked_rows(source: Indexed, check: Callable[[Array], Array]) -> Array:
    """Return the examples as `check` returns portions of them; in memory, where they are few enough.

    What is read in portions stands in the place of an array, by its shape, its dtype and its examples.

    Errors: those of `check`, by the number of the example, where it is read.
    """
    if not len(source):
        return check(source[0:0])
    # As numbers of 64 bits; and so many examples are evaluated at once anyway.
    if len(source) <= EVALUATION_BATCH or 8 * source.nbytes // source.dtype.itemsize <= IN_MEMORY:
        return check(source[0 : len(source)])
    return cast(Array, source.then(check))


def loaded(array: Any, what: str) -> Array:
    """Return all examples in memory, read in portions. Errors: DataError (memory has no room for them)."""
    if not isinstance(array, Indexed):
        return cast(Array, array)
    require_memory(array.nbytes, f"the {what}", DataError, "fewer examples, or what takes them in portions: fit")
    found = np.empty(array.shape, array.dtype)
    step = max(1, PORTION * len(array) // max(1, array.nbytes))
    for rows in slices(len(array), step):
        found[rows] = array[rows]
    return found
