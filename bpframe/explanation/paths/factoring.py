"""The sum over paths with common factors taken out: nested as eq. (12), or each bracket once, as the errors δ are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bpframe.explanation.paths.names import derivative
from bpframe.explanation.paths.scalar_graph import Edge, ScalarGraph

__all__ = ["ErrorLine", "error_lines", "nested"]

#: How many factors a nested formula may have to be written, and how many lines.
MOST_FACTORS = 400
MOST_LINES = 200


@dataclass(frozen=True)
class ErrorLine:
    """One bracket: a derivative as the sum over the edges that leave an entry, eqs. (17) and (18), and its number.

        ∂C/∂v = Σ_t ∂C/∂t ∂t/∂v

    `terms` are pairs of symbols, ∂C/∂t and ∂t/∂v; the first is "" where t is the end itself.
    """

    symbol: str
    terms: tuple[tuple[str, str], ...]
    number: float


def error_lines(graph: ScalarGraph, end: int, edges: Sequence[Edge]) -> tuple[ErrorLine, ...] | None:
    """Return the brackets from the end back to where the paths begin, each computed once; None where they are many."""
    by_source = _by_source(edges)
    if len(by_source) > MOST_LINES or len(edges) > 10 * MOST_LINES:
        return None
    last, found, numbers = graph.name(end), [], {end: 1.0}
    for source in sorted(by_source, reverse=True):
        numbers[source] = sum(number * numbers[target] for _, target, number in by_source[source])
        terms = tuple(
            ("" if edge[1] == end else derivative(last, graph.name(edge[1])), graph.symbol(edge))
            for edge in by_source[source]
        )
        found.append(ErrorLine(derivative(last, graph.name(source)), terms, numbers[source]))
    return tuple(found)


def nested(graph: ScalarGraph, begin: int, end: int, edges: Sequence[Edge]) -> tuple[str | None, int]:
    """Return the sum with brackets, eq. (12), and its multiplications; no formula where it would be too long.

    A bracket that is used in two places is written, and computed, in both.
    """
    by_source = _by_source(edges)
    multiplications, factors = {end: 0}, {end: 0}
    for source in sorted(by_source, reverse=True):
        leaving = by_source[source]
        multiplications[source] = sum(multiplications[target] + (target != end) for _, target, _ in leaving)
        factors[source] = sum(factors[target] + 1 for _, target, _ in leaving)
    count = multiplications.get(begin, 0)
    if factors.get(begin, 0) > MOST_FACTORS:
        return None, count
    written = {end: ""}
    for source in sorted(by_source, reverse=True):
        products = []
        for edge in by_source[source]:
            before = written[edge[1]]
            several = len(by_source.get(edge[1], ())) > 1
            products.append(f"{f'({before})' if several else before} {graph.symbol(edge)}".strip())
        written[source] = " + ".join(products)
    return written.get(begin, "0") or "1", count


def _by_source(edges: Sequence[Edge]) -> dict[int, list[Edge]]:
    found: dict[int, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge[0], []).append(edge)
    return found
