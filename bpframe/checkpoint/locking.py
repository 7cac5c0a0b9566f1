"""One writer at a time for each folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bpframe.checkpoint.unwritable import unwritable
from bpframe.errors import CheckpointError
from bpframe.machine.file_lock import FileLock, Held
from bpframe.machine.flushing import make_folders, remove_empty

__all__ = ["LOCK", "lock_of", "locked"]

#: Ends the name of a folder's lock, a file beside it that begins with a dot.
LOCK = ".bpframe-lock"

#: Seconds that a save waits for another save of the same folder.
WAIT = 60.0


def lock_of(target: Path) -> Path:
    """Return the file that a folder is locked by."""
    return target.with_name(f".{target.name}{LOCK}")


@contextmanager
def locked(target: Path, wait: float = WAIT) -> Iterator[bool]:
    """Be the only one who writes a folder; False where its file system has no locks, and nobody is kept out.

    The lock is the operating system's, on the file `.name.bpframe-lock` beside the folder, so that it ends with the
    process that has it, however that ends. Folders above are made, and go again where nothing came to lie in them.

    Errors: CheckpointError (another has held it for `wait` seconds, and is named; the place cannot be written).
    """
    if not target.name:
        raise CheckpointError(f"the folder {target} exists", expected="a new folder", hint="choose another name")
    lock, made = FileLock(lock_of(target)), list[Path]()
    try:
        try:
            made = make_folders(target.parent)
            lock.acquire(wait)
        except Held as error:
            raise CheckpointError(
                f"the folder {target} is being written by another",
                expected=f"the folder to be free within {wait:g} s",
                received=error.owner,
                hint="wait until it is done, or choose another name",
            ) from None
        except OSError as error:
            raise unwritable(target, error) from error
        try:
            yield lock.real
        finally:
            lock.release()
    finally:
        remove_empty(made)
