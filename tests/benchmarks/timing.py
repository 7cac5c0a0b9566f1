"""Interleaved timing: candidates are measured in turn, again and again, so that a drifting machine hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

#: Seconds between turns: a library's threads spin for a while after its turn, at the cost of whoever comes next.
REST = 0.03


def interleaved(
    candidates: Mapping[str, Callable[[], object]], rounds: int = 31, target: float = 0.01
) -> dict[str, float]:
    """Return the median seconds of one call of each candidate.

    Each round times every candidate once, over as many calls as take about `target` seconds.
    """
    calls: dict[str, int] = {}
    for name, function in candidates.items():
        for _ in range(3):
            function()
        started = time.perf_counter()
        function()
        calls[name] = max(1, round(target / max(time.perf_counter() - started, 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in candidates}
    order = list(candidates.items())
    for _ in range(rounds):
        order.append(order.pop(0))  # nobody always runs in the wake of the same neighbour
        for name, function in order:
            time.sleep(REST)
            function()
            started = time.perf_counter()
            for _ in range(calls[name]):
                function()
            times[name].append((time.perf_counter() - started) / calls[name])
    return {name: statistics.median(each) for name, each in times.items()}


def markdown(rows: list[dict[str, object]]) -> str:
    """Return rows as a Markdown table with the first row's keys as headings; floats have three digits."""
    shown = [{k: f"{v:.3g}" if isinstance(v, float) else str(v) for k, v in row.items()} for row in rows]
    width = {k: max(len(k), *(len(row[k]) for row in shown)) for k in shown[0]}
    first = next(iter(width))

    def line(cells: Mapping[str, str]) -> str:
        placed = (cells[k].ljust(width[k]) if k == first else cells[k].rjust(width[k]) for k in width)
        return "| " + " | ".join(placed) + " |"

    rule = {k: "-" * width[k] if k == first else "-" * (width[k] - 1) + ":" for k in width}
    return "\n".join([line({k: k for k in width}), line(rule), *map(line, shown)])
