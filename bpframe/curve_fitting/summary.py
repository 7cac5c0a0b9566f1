"""A fit as a table, as users of other fitting programs expect it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpframe.printed import labelled, printed, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from bpframe.curve_fitting.result import CurveFit

__all__ = ["FitSummary", "fit_summary"]

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

    def __repr__(self) -> str:
        return str(self)


def fit_summary(fit: CurveFit, min_correlation: float) -> FitSummary:
    """Describe a fit: parameters with errors, statistics, correlations, and how it ended."""
    errors = fit.uncertainty.standard_errors
    rows = tuple(
        (name, f"{value:.8g}", _error(error), _relative(error, value), f"{start:.6g}")
        for name, value, error, start in zip(fit.names, fit.estimates, errors, fit.start, strict=True)
    )
    kinds = " + ".join(dict.fromkeys(node.component.kind for node in fit.network.graph.nodes))
    scale = "known σ" if fit.absolute_sigma else "errors scaled with reduced χ²"
    statistics = (
        ("values, parameters", f"{fit.count}, {len(fit.names)}; {fit.degrees_of_freedom} degrees of freedom"),
        ("χ²", f"{fit.chi_square:.8g}"),
        ("reduced χ²", f"{fit.reduced_chi_square:.8g} ({scale})"),
        ("R²", f"{fit.r_squared:.8g}"),
        ("AIC, BIC", f"{fit.aic:.6g}, {fit.bic:.6g}"),
        ("ended", f"after {len(fit.history)} iterations: {fit.history.stopped}"),
    )
    return FitSummary(f"fit of {kinds}", rows, statistics, _correlations(fit, min_correlation), fit.notes)


def _correlations(fit: CurveFit, smallest: float) -> tuple[tuple[str, str, float], ...]:
    """Return the pairs with the largest correlations first."""
    matrix = fit.correlation
    pairs = [
        (fit.names[i], fit.names[j], float(matrix[i, j]))
        for i in range(len(matrix))
        for j in range(i + 1, len(matrix))
        if np.isfinite(matrix[i, j]) and abs(matrix[i, j]) >= smallest
    ]
    return tuple(sorted(pairs, key=lambda pair: -abs(pair[2]))[:CORRELATIONS])


def _error(error: float) -> str:
    return f"{error:.4g}" if np.isfinite(error) else "undetermined" if np.isinf(error) else "unknown"


def _relative(error: float, value: float) -> str:
    return f"{abs(error / value):.2%}" if np.isfinite(error) and value else ""
