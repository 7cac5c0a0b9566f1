"""Which of its arguments a function wrote into, of arrays and mappings that it was handed read-only."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["is_a_write", "written_arguments"]

#: What NumPy and a read-only mapping answer to who writes.
_NOT_WRITTEN = re.compile(r"read-only|does not support item (assignment|deletion)|cannot set WRITEABLE")


def is_a_write(error: Exception) -> bool:
    """Whether an error is what a write into something read-only is answered with."""
    return isinstance(error, ValueError | TypeError) and _NOT_WRITTEN.search(str(error)) is not None


def written_arguments(function: Callable[..., Any], names: Iterable[str], arguments: Sequence[Any]) -> list[str]:
    """Return the names of the arguments that a call changes, tried on copies that can be written.

    Of `p` and `state` it is the entry; `saved` is there to be written.
    """
    copies = [_writable(each) for each in arguments]
    with contextlib.suppress(Exception):
        function(*copies)
    return [
        part
        for name, before, after in zip(names, arguments, copies, strict=False)
        for part in _changed(name, before, after)
    ]


def _writable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Mapping):
        return {name: _writable(each) for name, each in value.items()}
    return value


def _changed(name: str, before: Any, after: Any) -> list[str]:
    if isinstance(before, np.ndarray):
        return [] if np.array_equal(before, after, equal_nan=before.dtype.kind in "fc") else [f"`{name}`"]
    if isinstance(before, Mapping) and name in ("p", "state"):
        if set(before) != set(after):
            return [f"`{name}`"]
        return [part for key in before for part in _changed(f"{name}['{key}']", before[key], after[key])]
    return []
