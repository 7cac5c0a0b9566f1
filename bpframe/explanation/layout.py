"""Text of a fixed width: headings, paragraphs, tables, and equations with their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from bpframe.explanation.elision import ends
from bpframe.explanation.formula.text import Box, beside, text_box
from bpframe.explanation.formula.tree import Call, Numbers
from bpframe.explanation.line import Line

__all__ = ["WIDTH", "heading", "listed", "paragraph", "table"]

WIDTH = 110


def heading(title: str, sign: str = "-") -> Iterator[str]:
    """Yield a title, underlined, and an empty line."""
    yield from (title, sign * len(title), "")


def paragraph(text: str) -> Iterator[str]:
    """Yield words broken into lines, and an empty line."""
    yield from wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    yield ""


def listed(lines: Sequence[Line]) -> Iterator[str]:
    """Yield lines below one another; of many the first and the last."""
    first, left_out, last = ends(lines)
    for line in first:
        yield from _line_as_text(line)
        yield ""
    if left_out:
        yield f"    ... {left_out:,} lines like these are left out here; the data has them ..."
        yield ""
    for line in last:
        yield from _line_as_text(line)
        yield ""


def _line_as_text(line: Line) -> list[str]:
    """Return a line: the sentence, then tag, letters, numbers and result next to or below one another."""
    tag = f"({line.tag})" if line.tag else ""
    sign = " ← " if line.arrow else " = "
    steps = [text_box(line.symbols)]
    if not isinstance(line.symbols, Call) and not line.shown_twice:
        steps.append(text_box(line.numbers))
    steps.append(text_box(Numbers(line.result)))
    left = text_box(line.left)
    whole = beside(left, sign, steps[0], *(part for each in steps[1:] for part in (" = ", each)))
    told = f"{tag} {line.says}".strip()
    lines = wrap(told, WIDTH, subsequent_indent="  ") if told else []
    if whole.width <= WIDTH - 4:
        return lines + [f"    {each}".rstrip() for each in whole.lines]
    row, room = beside(left, sign, _broken(steps[0], WIDTH - 8 - left.width)), WIDTH - 4
    rows: list[Box] = []
    for each in steps[1:]:
        further = _broken(each, WIDTH - 8 - left.width)
        if rows and row.width + 3 + further.width <= room:
            row = beside(row, " = ", further)
            continue
        rows.append(row)
        row = beside(" " * left.width, " = ", further)
    for box in (*rows, row):
        lines += [f"    {each}".rstrip() for each in box.lines]
    return lines


def _broken(box: Box, width: int) -> Box:
    """Return a formula on one line as several, where it is too long: a sum is broken before its signs."""
    if len(box.lines) > 1 or box.width <= width or " + " not in box.lines[0]:
        return box
    rows = wrap(
        box.lines[0].replace(" + ", "\0+ ").replace(" ", "\1").replace("\0", " "), width, break_long_words=False
    )
    told = [row.replace("\1", " ").replace(" +", " +") for row in rows]
    most = max(map(len, told))
    return Box(tuple(row.ljust(most) for row in told))


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        yield f"    {'  '.join(cells)}".rstrip()
    yield ""
