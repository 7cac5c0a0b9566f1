"""Whose process this is: the command line owns its own, and may do there what a library must not do to its host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["is_owned", "owned"]

_owned: ContextVar[bool] = ContextVar("owned", default=False)


@contextmanager
def owned() -> Iterator[None]:
    """Say that the process is bpframe's own inside the block, for what the block itself does."""
    token = _owned.set(True)
    try:
        yield
    finally:
        _owned.reset(token)


def is_owned() -> bool:
    """Return whether the process is bpframe's own: its file descriptors, and the time that it takes to start."""
    return _owned.get()
