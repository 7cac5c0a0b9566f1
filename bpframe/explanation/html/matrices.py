"""Pictures of matrices as SVG: which entries are there, how large, and of which sign."""

from __future__ import annotations

import numpy as np

from bpframe.explanation.formula.numerals import printed
from bpframe.reports.web import escaped
from bpframe.validation.plain_arrays import Array

__all__ = ["matrix_picture", "matrix_words"]

#: The side of an entry where there is room, and the sides of a picture; up to EACH entries tell their numbers.
CELL, LONGEST, SHORTEST, EACH = 16, 152, 16, 64

#: Strengths of a colour, by the size of an entry beside the largest.
STRENGTHS = 4


def matrix_picture(entries: Array, told: str, coarse: bool = False) -> str:
    """Return the picture of (rows, columns) entries: what is 0 stays empty, the strength of a colour is the size.

    Blue is positive, orange negative, and entries that are not finite are crossed out. `told` is read out.
    """
    rows, columns = entries.shape
    cell = min(float(CELL), LONGEST / max(rows, columns))
    width, height = max(columns * cell, SHORTEST), max(rows * cell, SHORTEST)
    finite = np.where(np.isfinite(entries), entries, 0.0)
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    levels = np.sign(finite) * np.maximum(np.ceil(STRENGTHS * (np.abs(finite) / largest)), 1)
    drawn = _each(entries, levels) if entries.size <= EACH and not coarse else _together(levels)
    odd = "".join(f"M{column}.1 {row}.1l.8 .8m0 -.8l-.8 .8" for row, column in np.argwhere(~np.isfinite(entries)))
    drawn += f'<path class="odd" d="{odd}"/>' if odd else ""
    return (
        f'<svg class="entries{" coarse" if coarse else ""}" viewBox="0 0 {columns} {rows}" width="{width:.0f}" '
        f'height="{height:.0f}" preserveAspectRatio="none" role="img" aria-label="{escaped(told)}">{drawn}</svg>'
    )


def _each(entries: Array, levels: Array) -> str:
    """Return a square for each entry that is not 0, which tells its number where one points at it."""
    return "".join(
        f'<rect class="{_kind(float(levels[row, column]))}" x="{column}" y="{row}" width="1" height="1">'
        f"<title>row {row + 1}, column {column + 1}: {printed(entries[row, column], 3)}</title></rect>"
        for row, column in np.argwhere(entries != 0)
    )


def _together(levels: Array) -> str:
    """Return one path for all entries of a strength and a sign, which run along rows."""
    found = ""
    for level in np.unique(levels[levels != 0]):
        path = ""
        for row, column, length in _runs(levels == level):
            path += f"M{column} {row}h{length}v1h-{length}z"
        found += f'<path class="{_kind(level)}" d="{path}"/>'
    return found


def _runs(there: Array) -> list[tuple[int, int, int]]:
    """Return row, first column and length of each run of entries that are there."""
    edges = np.diff(np.pad(there, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    begins, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return [(int(row), int(begin), int(end - begin)) for (row, begin), (_, end) in zip(begins, ends, strict=True)]


def _kind(level: float) -> str:
    if not level:
        return "nil"
    return f"{'plus' if level > 0 else 'minus'} q{int(abs(level))}"


def matrix_words(entries: Array) -> str:
    """Return how many entries are 0, and between which numbers the others lie."""
    there = entries[entries != 0]
    finite = there[np.isfinite(there)]
    if not entries.size:
        return "no entries"
    if not there.size:
        return f"all {entries.size:,} are 0"
    told = f"{there.size:,} of {entries.size:,} entries are not 0"
    if there.size == entries.size:
        told = f"all {entries.size:,} entries are not 0" if entries.size > 1 else "one entry"
    if finite.size:
        least, most = float(finite.min()), float(finite.max())
        told += (
            f", {'each' if finite.size > 1 else 'which is'} {printed(least, 3)}"
            if least == most
            else (f", from {printed(least, 3)} to {printed(most, 3)}")
        )
    odd = there.size - finite.size
    return told + (f"; not finite: {odd:,}" if odd else "")
