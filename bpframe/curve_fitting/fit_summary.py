"""A fit as a table, as users of other fitting programs expect it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bpframe.reports.tables import labelled, printed, table_of
from bpframe.training.html_tables import html_rows, html_table
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["FitSummary", "fixed_row", "largest_correlations", "value_row"]


HEADINGS = ("parameter", "value", "standard error", "relative", "start")

#: So many correlations are listed at most, the largest.
CORRELATIONS = 12


@dataclass(frozen=True)
class FitSummary:
    """The rows of a fit's table; `str()` and `print` lay it out."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    statistics: tuple[tuple[str, str], ...]
    correlations: tuple[tuple[str, str, float], ...]
    notes: tuple[str, ...]

    def table(self) -> Table:
        """Return the parameters' table for rich's consoles."""
        return table_of(HEADINGS, self.rows)

    def __str__(self) -> str:
        rows = list(self.statistics)
        if self.correlations:
            told = [f"{one}, {other}: {value:+.4f}" for one, other, value in self.correlations]
            rows.append(("correlations", "\n".join(told)))
        rows += [("note", note) for note in self.notes]
        return "\n".join([self.title, printed(self.table()), labelled(rows)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        told = [(name, text) for name, text in self.statistics if text]
        told += [("correlation", f"{one}, {other}: {value:+.4f}") for one, other, value in self.correlations]
        told += [("note", note) for note in self.notes]
        return html_table(self.title, HEADINGS, self.rows) + html_rows(told)


def value_row(name: str, value: float, error: float, start: float) -> tuple[str, ...]:
    """Return a parameter's row."""
    with np.errstate(over="ignore"):
        percent = 100 * abs(np.divide(error, value)) if np.isfinite(error) and value else np.inf
    relative = f"{percent:.3g}%" if np.isfinite(percent) else ""
    told = f"{error:.4g}" if np.isfinite(error) else "undetermined" if np.isinf(error) else "unknown"
    return name, f"{value:.8g}", told, relative, f"{start:.6g}"


def fixed_row(name: str, value: Any) -> tuple[str, ...]:
    """Return the row of a parameter that was not fitted."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return name, f"{value:.8g}" if number else shortened(str(value)), "fixed", "", ""


def shortened(text: str) -> str:
    """Return a text of one line that fits into a table's cell."""
    text = " ".join(text.split())
    return text if len(text) <= 24 else text[:23] + "…"


def largest_correlations(names: Sequence[str], matrix: Array, smallest: float) -> tuple[tuple[str, str, float], ...]:
    """Return the pairs whose correlation is at least `smallest` in size, the largest first."""
    pairs = [
        (names[i], names[j], float(matrix[i, j]))
        for i in range(len(matrix))
        for j in range(i + 1, len(matrix))
        if np.isfinite(matrix[i, j]) and abs(matrix[i, j]) >= smallest
    ]
    return tuple(sorted(pairs, key=lambda pair: -abs(pair[2]))[:CORRELATIONS])
