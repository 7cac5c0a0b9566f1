"""A fault: other text at one place of a file."""

from __future__ import annotations

import ast
import difflib
from dataclasses import dataclass

__all__ = ["Fault"]


@dataclass(frozen=True)
class Fault:
    """Other text at one place: in the bytes from `start` to `end` of a file.

    `lines` are those of the statement around it, up to its body; none outside functions, where importing runs them.
    """

    path: str
    line: int
    lines: range
    kind: str
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """Return the file with the fault."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def diff(self, source: bytes) -> str:
        """Return what a person judges."""
        before, after = (each.decode().splitlines() for each in (source, self.applied(source)))
        return "\n".join(difflib.unified_diff(before, after, self.path, self.kind, n=2, lineterm=""))

    def is_a_change(self, source: bytes) -> bool:
        """Whether the file with the fault is still a program, and another one."""
        try:
            changed = ast.parse(self.applied(source))
        except SyntaxError:
            return False
        return ast.dump(changed) != ast.dump(ast.parse(source))
