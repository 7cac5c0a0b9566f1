"""Interleaved timing: candidates are measured in turn, again and again, so that a drifting machine hits all alike."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

#: Seconds between turns: a library's threads spin for a while after its turn, at the cost of whoever comes next.
REST = 0.03


@dataclass(frozen=True)
class Timed:
    """What is timed: `run(calls)`, of `steps` units of work each, after `ready()`, which is not timed."""

    run: Callable[[int], object]
    steps: int = 1
    ready: Callable[[], object] = lambda: None


def rounds_of(
    candidates: Mapping[str, Timed], rounds: int, target: float = 0.01, rest: float | None = None
) -> dict[str, list[float]]:
    """Return the seconds of one unit of work of each candidate, round by round.

    Each round gives every candidate one turn, over as many calls as take about `target` seconds, after a rest.
    """
    rest = REST if rest is None else rest
    calls: dict[str, int] = {}
    for name, each in candidates.items():
        each.ready()
        each.run(3 if each.steps == 1 else 1)  # whatever is compiled or allocated is so now
        started = time.perf_counter()
        each.run(1)
        calls[name] = max(1, round(target / max(time.perf_counter() - started, 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in candidates}
    order = list(candidates.items())
    for _ in range(rounds):
        order.append(order.pop(0))  # nobody always runs in the wake of the same neighbour
        for name, each in order:
            each.ready()
            time.sleep(rest)
            if each.steps == 1:
                each.run(1)
            started = time.perf_counter()
            each.run(calls[name])
            times[name].append((time.perf_counter() - started) / calls[name] / each.steps)
    return times


def interleaved(
    candidates: Mapping[str, Callable[[], object]], rounds: int = 31, target: float = 0.01
) -> dict[str, float]:
    """Return the median seconds of one call of each function."""

    def repeated(function: Callable[[], object]) -> Timed:
        def run(calls: int) -> None:
            for _ in range(calls):
                function()

        return Timed(run)

    times = rounds_of({name: repeated(each) for name, each in candidates.items()}, rounds, target)
    return {name: statistics.median(each) for name, each in times.items()}


@dataclass(frozen=True)
class Median:
    """A median with the quartiles of what it was taken from, and the bounds between which the true one is.

    The bounds are two of the values, so nothing is assumed of their distribution: of independent values the median of
    all that could be measured lies between them with 99 % (of seven or fewer, between the least and the largest with
    less).
    """

    value: float
    low: float
    high: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Median:
        low, value, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
        ordered, left_out = sorted(values), _left_out(len(values))
        return cls(value, low, high, ordered[left_out], ordered[-1 - left_out], len(values))


def _left_out(count: int) -> int:
    """Return how many values may be left out at each end: k with P(k or fewer of `count` coins show heads) ≤ ½ %."""
    chance, left_out = 0.0, 0
    for k in range(count):
        chance += math.comb(count, k) / 2**count
        if chance > 0.005:
            break
        left_out = k
    return left_out


def markdown(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as a Markdown table with the first row's keys as headings; floats have three digits."""
    shown = [{k: f"{v:.3g}" if isinstance(v, float) else str(v) for k, v in row.items()} for row in rows]
    width = {k: max(len(k), *(len(row[k]) for row in shown)) for k in shown[0]}
    first = next(iter(width))

    def line(cells: Mapping[str, str]) -> str:
        placed = (cells[k].ljust(width[k]) if k == first else cells[k].rjust(width[k]) for k in width)
        return "| " + " | ".join(placed) + " |"

    rule = {k: "-" * width[k] if k == first else "-" * (width[k] - 1) + ":" for k in width}
    return "\n".join([line({k: k for k in width}), line(rule), *map(line, shown)])
