"""Reading a folder that somebody may be overwriting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bpframe.checkpoint.sweeping import put_aside
from bpframe.errors import CheckpointError

__all__ = ["undisturbed"]

T = TypeVar("T")

#: Seconds after which a folder is being overwritten faster than it can be read.
LONGEST = 30.0


def undisturbed(folder: Path, read: Callable[[Path], T]) -> T:
    """Return `read(folder)` of one folder, and not of two that had the name one after another.

    Where the folder was exchanged meanwhile, it is read again, whatever came out: an error, or content of which a part
    may be the one folder's and a part the other's. A folder that is missing because its writer has just put it aside,
    or was killed then, is read where it lies.

    Errors: those of `read`; CheckpointError (it is overwritten faster than it can be read).
    """
    until = time.monotonic() + LONGEST
    while True:
        aside = [] if os.path.lexists(folder) else put_aside(folder)
        here = aside[0] if aside else folder
        with _pinned(here) as identity:
            failure: CheckpointError | OSError | None = None
            try:
                found = read(here)
            except (CheckpointError, OSError) as error:
                failure = error
            same = identity == _identity(here)
        if same and failure is None:
            return found
        if same and failure is not None and not (identity is None and _appears(folder)):
            raise failure
        if time.monotonic() > until:
            raise CheckpointError(
                f"{folder} is overwritten faster than it can be read", hint="read it when its writers are done"
            ) from failure


def _appears(folder: Path) -> bool:
    """Return whether a folder that was missing is there now; it is asked again, for it may go from place to place."""
    return os.path.lexists(folder) or bool(put_aside(folder)) or os.path.lexists(folder)


@contextmanager
def _pinned(folder: Path) -> Iterator[tuple[int, int] | None]:
    """Yield which folder has the name now. Until the end its number is given to no other folder, where that can be."""
    try:
        # A folder needs no right to be listed for this; Windows opens none.
        number = os.open(folder, getattr(os, "O_PATH", os.O_RDONLY))
    except OSError:
        yield _identity(folder)
        return
    try:
        found = os.fstat(number)
        yield found.st_dev, found.st_ino
    finally:
        os.close(number)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
