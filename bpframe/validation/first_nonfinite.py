"""The first result that was not finite among those of components that are called in every pass.

What such a component returns may be another the next time, so that no second pass need show where NaN began.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["Found", "first_nonfinite", "note_nonfinite", "noting_nonfinite"]

#: What is not finite: its place, what of it, and the number.
Found = tuple[str, str, str]

_NOTED: ContextVar[list[Found] | None] = ContextVar("noted", default=None)


class noting_nonfinite:  # noqa: N801 (used as a function)
    """Take, inside of the block, the first result that is not finite into the list that is yielded."""

    # Once a step: a generator would take three times as long.
    __slots__ = ("_noted", "_token")

    def __enter__(self) -> list[Found]:
        self._noted: list[Found] = []
        self._token = _NOTED.set(self._noted)
        return self._noted

    def __exit__(self, *_: object) -> None:
        _NOTED.reset(self._token)


def note_nonfinite(where: str, what: str, array: Array) -> None:
    """Note that an array of a component is not finite, where somebody wants to know it and it is the first."""
    noted = _NOTED.get()
    if noted is not None and not noted and (found := first_nonfinite(array)):
        noted.append((where, what, found))


def first_nonfinite(array: Any) -> str | None:
    """Return the first entry that is not finite, with its position; None where there is none."""
    if array is None or array.dtype.kind not in "fc":
        return None
    finite = np.isfinite(array)
    if finite.all():
        return None
    position = np.unravel_index(int(np.argmin(finite)), array.shape)
    bad = int(array.size - np.count_nonzero(finite))
    where = ", ".join(str(int(i)) for i in position)
    return f"{array[position]} at [{where}], {bad} of {array.size} entries"
