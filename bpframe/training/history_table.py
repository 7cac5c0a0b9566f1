"""A history as a table of a few epochs: the first, the last, the best, and some evenly between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from bpframe.training.html_tables import html_curves, html_table, printable

__all__ = ["history_html", "history_text", "in_words"]

#: Records of epochs, in their order.
Epochs: TypeAlias = Sequence[Any]

#: So many epochs are shown, and so many columns beside their numbers.
LINES, COLUMNS = 10, 9


def history_text(epochs: Epochs, steps: int, stopped: str) -> str:
    """Return the table as text, or one line where there is no epoch."""
    headings, rows = _table(epochs)
    if not rows:
        return f"History(0 epochs, {steps} steps, {stopped})"
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (headings, *rows)]
    return "\n".join(printable(line.rstrip()) for line in [_caption(epochs, steps, stopped), *lines])


def history_html(epochs: Epochs, steps: int, stopped: str) -> str:
    """Return the table as HTML, with the costs as small curves."""
    headings, rows = _table(epochs)
    curves = {}
    for name in ("cost", "validation_cost"):
        points = [(each.epoch, value) for each in epochs if (value := getattr(each, name)) is not None]
        if points:
            curves[in_words(name)] = tuple(zip(*points, strict=True))
    drawn = html_curves(curves, f"over {len(epochs)} epochs") if curves else ""  # type: ignore[arg-type]
    return html_table(_caption(epochs, steps, stopped), headings, rows, 0) + drawn


def _caption(epochs: Epochs, steps: int, stopped: str) -> str:
    best = _best(epochs)
    told = f"{len(epochs)} epochs, {steps} steps: {stopped}"
    if best is None:
        return told
    return f"{told}; least {in_words(_judged(epochs))} after epoch {epochs[best].epoch} (*)"


def _table(epochs: Epochs) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    shown = _chosen(epochs)
    columns: list[tuple[str, list[Any]]] = []
    fields = ("cost", "validation_cost", "accuracy", "validation_accuracy", "penalty")
    named = dict.fromkeys(name for each in shown for name in (*each.metrics, *each.figures))
    for name in (*fields, *named, "seconds"):
        cells = [
            getattr(each, name) if name in fields or name == "seconds" else {**each.metrics, **each.figures}.get(name)
            for each in shown
        ]
        if any(isinstance(cell, float | int) for cell in cells):
            columns.append((in_words(name), cells))
    columns = [*columns[: COLUMNS - 1], columns[-1]] if len(columns) > COLUMNS else columns
    best = _best(epochs)
    rows = []
    for k, each in enumerate(shown):
        mark = "* " if best is not None and each is epochs[best] else ""
        rows.append((f"{mark}{each.epoch}", *(_told(cells[k]) for _, cells in columns)))
    return ("epoch", *(name for name, _ in columns)), rows


def _chosen(epochs: Epochs) -> list[Any]:
    """Return at most ten epochs, in their order."""
    count = len(epochs)
    if count <= LINES:
        return list(epochs)
    best = _best(epochs)
    places = {0, count - 1} | ({best} if best is not None else set())
    spaced = LINES
    while spaced > 1:
        wanted = {round(k * (count - 1) / (spaced - 1)) for k in range(spaced)} | places
        if len(wanted) <= LINES:
            return [epochs[k] for k in sorted(wanted)]
        spaced -= 1
    return [epochs[k] for k in sorted(places)]


def _best(epochs: Epochs) -> int | None:
    """Return the place of the least cost, of validation data where there are some; NaN is none."""
    name = _judged(epochs)
    values = [math.nan if (value := getattr(each, name)) is None else value for each in epochs]
    known = [k for k, value in enumerate(values) if not math.isnan(value)]
    return min(known, key=values.__getitem__) if known else None


def _judged(epochs: Epochs) -> str:
    return "validation_cost" if any(each.validation_cost is not None for each in epochs) else "cost"


def _told(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float | int) else ""


def in_words(name: str) -> str:
    """Return a column's name as people write it."""
    return name.replace("_", " ")
