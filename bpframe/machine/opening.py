"""The one door for files that are read: regular ones, of a stated size, without waiting and without a gap.

A named pipe, a device, a socket or a folder would block, never end or answer otherwise than a file; so would a link to
one, and whatever takes a file's name between a check and the reading. What is read here is looked at by its open
descriptor, and no more of it is read than its size said.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from bpframe.errors import BpframeError, closest
from bpframe.machine.memory import available_memory

__all__ = ["MOST_TEXT", "bytes_of", "nearby", "opened", "text_of"]

#: The size of a text that somebody wrote, or that was written for somebody: a record, a specification, a page.
MOST_TEXT = 2**26

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

# Not every system has each: Windows opens files as text unless told otherwise, and has no named pipes in folders.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY", "O_NOINHERIT"))


@contextmanager
def opened(
    path: Path, failure: type[BpframeError], most: int | None = None, *, allow_stream: bool = False
) -> Iterator[BufferedReader]:
    """Yield a file to read from, open at its beginning.

    `most` is the largest size; without it a file may have any, which is for those who read it piece by piece. With
    `allow_stream` a pipe or a terminal is taken too, as `/dev/stdin` may be one: it may have no end, and is no place to
    go back in.

    Errors: `failure` (there is no such file, it cannot be opened, it is none, it is too large, or reading it fails).
    """
    try:
        number, size = _opened(path, allow_stream)
    except FileNotFoundError:
        raise failure(f"{path} does not exist", received=str(path.absolute()), hint=nearby(path)) from None
    except OSError as error:
        raise _unreadable(path, failure, error) from error
    with os.fdopen(number, "rb") as stream:
        if most is not None and size > most:
            raise failure(f"{path} is too large", expected=f"at most {most:,} bytes", received=f"{size:,} bytes")
        try:
            yield stream
        except OSError as error:
            if error.errno is None:  # not the system's, but the word of a reader for content that is damaged
                raise
            raise _unreadable(path, failure, error) from error


def bytes_of(path: Path, failure: type[BpframeError], most: int | None = None, *, copies: int = 1) -> bytes:
    """Return what a file holds; without `most` as much as memory has room for `copies` times.

    Errors: as `opened`.
    """
    with opened(path, failure, available_memory() // copies if most is None else most) as stream:
        size = os.fstat(stream.fileno()).st_size
        return stream.read(size)


def text_of(path: Path, failure: type[BpframeError], most: int = MOST_TEXT) -> str:
    """Return the text of a file in UTF-8.

    Errors: as `opened`; `failure` for other bytes.
    """
    try:
        return bytes_of(path, failure, most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise failure(
            f"{path} is not UTF-8 text",
            received=f"byte 0x{error.object[error.start]:02x} at {error.start}",
            hint="save it as UTF-8",
        ) from None


def nearby(path: Path) -> str | None:
    """Return the hint "did you mean ...?" with what is called almost like a path that is not there, or None."""
    try:
        meant = closest(path.name, [each.name for each in path.parent.iterdir()])
    except (OSError, ValueError):
        return None
    return f"did you mean '{path.parent / meant}'?" if meant else None


def _opened(path: Path, allow_stream: bool) -> tuple[int, int]:
    """Return an open descriptor and the size. Errors: OSError, whose text says what is there instead of a file."""
    try:
        _require_file(path.stat(), allow_stream)  # before: opening a device can do something
        number = os.open(path, os.O_RDONLY | _FLAGS)
    except ValueError as error:  # a zero byte in the name
        raise OSError(str(error)) from None
    try:
        found = os.fstat(number)
        _require_file(found, allow_stream)  # after: it is what was opened that counts
        if not stat.S_ISREG(found.st_mode):
            os.set_blocking(number, True)
    except BaseException:
        os.close(number)
        raise
    return number, found.st_size


def _require_file(found: os.stat_result, allow_stream: bool) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    if allow_stream and (stat.S_ISFIFO(found.st_mode) or stat.S_ISCHR(found.st_mode)):
        return
    kind = next((words for asked, words in _KINDS if asked(found.st_mode)), "no regular file")
    raise OSError(f"it is {kind}")


def _unreadable(path: Path, failure: type[BpframeError], error: OSError) -> BpframeError:
    told = error.strerror or str(error)
    return failure(f"{path} cannot be read", expected="a file that can be read", received=told)
