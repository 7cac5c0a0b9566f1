"""Lets the reference show the shapes in docstrings as they are written."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

__all__ = ["ShapesAsWritten"]

# The star of `(*S, N, *features)`, which Markdown would take for emphasis.
_STAR = re.compile(r"\*(?=[A-Za-z_]+[,.;:)])")


class ShapesAsWritten(Extension):
    """Escapes the stars of shapes in docstrings, except in code."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of one module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = escaped(obj.docstring.value)


def escaped(text: str) -> str:
    """Return a docstring in which Markdown leaves the stars of shapes alone."""
    lines: list[str] = []
    code, before = False, ""
    for line in text.splitlines():
        # As in Markdown, an indented block is code only after a blank line.
        code = line.startswith("    ") and (code or not before.strip())
        lines.append(line if code else _escaped_outside_code(line))
        before = line
    return "\n".join(lines)


def _escaped_outside_code(line: str) -> str:
    parts = line.split("`")
    parts[::2] = [_STAR.sub(r"\\*", part) for part in parts[::2]]
    return "`".join(parts)
