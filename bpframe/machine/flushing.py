"""Waiting until files and folders are on the disk, so that a power cut does not take them."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["flush", "make_folders", "remove_empty"]

#: How some file systems (CIFS, FUSE) say that they flush no folders.
_NOT_FOR_FOLDERS = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def flush(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk.

    Errors: OSError, also for content that was written before and could not be kept.
    """
    folder = path.is_dir()
    if folder and os.name == "nt":
        return  # Windows opens no folders, and writes names down itself
    if folder and not os.access(path, os.R_OK):
        return  # one may write names there, and not open it
    number = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        _flush(number)
    except OSError as error:
        if not folder or error.errno not in _NOT_FOR_FOLDERS:
            error.filename = str(path)
            raise
    finally:
        os.close(number)


def _flush(number: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        try:  # fsync of macOS leaves the content in the drive's own memory
            fcntl.fcntl(number, fcntl.F_FULLFSYNC)
            return
        except OSError:
            pass  # a disk without the operation
    os.fsync(number)


def make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it that are missing, durably, and return the new ones, the lowest first.

    Errors: OSError; then none of them is left.
    """
    missing = []
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = folder.parent
    try:
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            flush(each.parent)
    except BaseException:
        remove_empty(missing)
        raise
    return missing


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders that are empty, the lowest first; others stay."""
    for each in folders:
        with contextlib.suppress(OSError):
            each.rmdir()
