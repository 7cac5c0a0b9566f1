"""A text file that grows by whole lines while a training runs."""

from __future__ import annotations

import contextlib
from pathlib import Path

from bpframe.machine.whole_file import whole_file

__all__ = ["GrowingFile"]


class GrowingFile:
    """Takes lines, and has handed each to the system when `append` returns; what the disk refuses is written later.

    A line is there whole or not at all, whoever reads it and however the process ends: one that was cut off is cut
    away before the next is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Why the last line could not be written, None where it was.
        self.refused: OSError | None = None
        self._waiting: list[str] = []
        self._whole = path.stat().st_size if path.exists() else 0

    def append(self, line: str) -> None:
        """Write a line, and those before it that are not written yet."""
        self._waiting.append(line)
        content = "".join(f"{each}\n" for each in self._waiting).encode("utf-8", "backslashreplace")
        try:
            with self.path.open("ab", buffering=0) as file:
                try:
                    file.truncate(self._whole)
                    written = 0
                    while written < len(content):
                        written += file.write(content[written:])
                except OSError:
                    with contextlib.suppress(OSError):
                        file.truncate(self._whole)
                    raise
        except OSError as error:
            self.refused = error
            return
        self._whole += len(content)
        self._waiting.clear()
        self.refused = None

    def replace(self, lines: list[str]) -> None:
        """Write these lines in the place of all. Errors: OSError."""
        content = "".join(f"{each}\n" for each in lines).encode("utf-8")
        with whole_file(self.path) as file:
            file.write(content)
        self._whole = len(content)
        self._waiting.clear()
