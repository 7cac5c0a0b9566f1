"""Docstrings as Markdown that leaves shapes as they are written."""

from __future__ import annotations

import re

__all__ = ["escaped"]

# The star of `(*S, N, *features)` and `(*new places, channels)`, which Markdown would take for emphasis.
# A title in slanted letters, `*Accurate, Large Minibatch SGD*`, has a second star right behind its last word.
_STAR = re.compile(r"(\*[^* ](?:[^*]*[^* ])?\*(?!\w))|\*(?=[A-Za-z_]+(?: [a-z]+)?[,.;)])")


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
    parts[::2] = [_STAR.sub(lambda found: found[1] or r"\*", part) for part in parts[::2]]
    return "`".join(parts)
