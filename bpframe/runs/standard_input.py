"""Data that come through standard input, as a file with the ending that their content has."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from bpframe.errors import BpframeError, DataError
from bpframe.machine.memory import available_memory

__all__ = ["is_standard_input", "named_input"]

_NAMES = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
_BLOCK = 2**20

# What files of each kind begin with; all else is text.
_BEGIN = {
    b"\x93NUMPY": ".npy",
    b"PK\x03\x04": ".npz",
    b"PAR1": ".parquet",
    b"ARROW1": ".arrow",
    b"\x1f\x8b": ".csv.gz",
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"\0\0\x08": ".idx",
    b"\0\0\x0d": ".idx",
}


def is_standard_input(path: str | os.PathLike[str]) -> bool:
    """Return whether a path says standard input: `-`, or `/dev/stdin`."""
    return str(path) in _NAMES


@contextmanager
def named_input(path: Path, text: str = ".csv") -> Iterator[Path]:
    """Yield a path as it is, or a file with all of standard input where the path says so; texts end in `text`.

    Errors: DataError (nothing comes, or more than there is room for); those of the block speak of standard input.
    """
    if not is_standard_input(path):
        yield path
        return
    folder = Path(tempfile.mkdtemp())
    try:
        file = _written(folder, text)
        try:
            yield file
        except BpframeError as error:
            error.problem = error.problem.replace(str(file), "standard input").replace(file.name, "standard input")
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(folder: Path, text: str) -> Path:
    stream = cast(IO[bytes], getattr(sys.stdin, "buffer", sys.stdin))
    most = available_memory() // 2
    begin = stream.read(_BLOCK)
    if not begin:
        raise DataError("standard input is empty", expected="CSV, or what numpy.save writes")
    ending = next((ending for mark, ending in _BEGIN.items() if begin.startswith(mark)), text)
    file = folder / f"standard-input{ending}"
    size = 0
    with file.open("wb") as target:
        while begin:
            size += target.write(begin)
            if size > most:
                raise DataError(
                    "standard input does not end", expected=f"at most {most:,} bytes, which fit into memory"
                )
            begin = stream.read(_BLOCK)
    return file
