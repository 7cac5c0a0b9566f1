"""A file to which a callback appends a line for every epoch, and which a resumed training goes on with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bpframe.extend import DataError

__all__ = ["append", "begin", "rewrite"]


#: So much of a first line is looked at.
LONGEST = 100_000


def begin(kind: str, path: str, state: dict[str, Any]) -> str:
    """Open the file, and keep its size in the state: there the lines of this training begin, also in one that resumes.

    Return its first line. Errors: DataError (it is no regular file, or cannot be written).
    """
    try:
        where = Path(path).expanduser()
        where.parent.mkdir(parents=True, exist_ok=True)
        if where.exists() and not where.is_file():
            raise DataError(f"{kind}: {path} is no regular file", expected="a file, or a name that is free")
        with where.open("a+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            first = file.readline(LONGEST).decode(errors="replace")
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(kind, path, error) from error
    # A file that is shorter than it was has been changed since: all of this training's lines are written anew.
    state["start"] = min(state.get("start", size), size)
    return first


def append(kind: str, path: str, line: str) -> None:
    """Append a line, and see to it that it is on the way to the disk. Errors: DataError."""
    try:
        with Path(path).expanduser().open("a", encoding="utf-8", newline="") as file:
            file.write(line)
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(kind, path, error) from error


def rewrite(kind: str, path: str, state: dict[str, Any], lines: list[str]) -> None:
    """Write all lines of this training anew, in the place of those that are there. Errors: DataError."""
    text = "".join(lines).encode()
    try:
        with Path(path).expanduser().open("a+b") as file:
            file.truncate(state["start"])
            file.seek(max(0, state["start"] - 1))
            torn = bool(state["start"]) and file.read(1) != b"\n"  # a line that somebody else has not ended
            file.write(b"\n" * torn + text)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(kind, path, error) from error


def _unwritable(kind: str, path: str, error: Exception) -> DataError:
    return DataError(f"{kind}: {path} cannot be written", received=getattr(error, "strerror", None) or str(error))
