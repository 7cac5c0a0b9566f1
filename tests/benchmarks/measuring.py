"""One network, all candidates: held to the reference, then timed in turn."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from tests.benchmarks.candidates import CANDIDATES, COSTS, Candidate, Unavailable, make
from tests.benchmarks.cases import Case
from tests.benchmarks.reference import hold, trained
from tests.benchmarks.timing import Median, Timed, rounds_of

#: What all ratios are of.
OURS = "bpframe"


def held(case: Case, names: Iterable[str]) -> tuple[dict[str, Candidate], dict[str, str]]:
    """Return the candidates that there are, each seen to compute the right step, and why others are missing."""
    found: dict[str, Candidate] = {}
    missing: dict[str, str] = {}
    expected: dict[tuple[int, str], list[np.ndarray]] = {}
    for name in names:
        try:
            candidate = make(name, case)
            candidate.run(1)
            if name != "products":  # they are part of the prototype's step, and train nothing
                wanted = candidate.steps, COSTS.get(name, "quadratic")
                if wanted not in expected:
                    expected[wanted] = trained(case, *wanted)
                hold(name, case, candidate.parameters(), expected[wanted], candidate.steps)
        except Unavailable as reason:
            missing[name] = str(reason)
        else:
            found[name] = candidate
    return found, missing


def measure(case: Case, rounds: int, target: float = 0.01, names: Sequence[str] = tuple(CANDIDATES)) -> dict[str, Any]:
    """Return a row of results: µs of each candidate's step, bpframe's ratio to it, and why candidates are missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers, about themselves
        candidates, missing = held(case, names)
        times = rounds_of({name: _timed(each, case) for name, each in candidates.items()}, rounds, target)
    return {
        "network": case.name,
        "batch": case.batch,
        "parameters": case.count,
        "nodes": case.nodes,
        "microseconds": {name: asdict(Median.of([1e6 * each for each in taken])) for name, taken in times.items()},
        "ratios": {name: asdict(Median.of(ratios(times[OURS], times[name]))) for name in times if name != OURS},
        "missing": missing,
    }


def ratios(mine: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return round by round how long one takes beside another: what slows a whole round down cancels out."""
    return [a / b for a, b in zip(mine, other, strict=True)]


def _timed(candidate: Candidate, case: Case) -> Timed:
    return Timed(candidate.run, candidate.steps, lambda: candidate.load(case.start))
