"""What a training step allocates when it has run before: by `tracemalloc`, line by line."""

from __future__ import annotations

import sys
import tracemalloc
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.candidates import make
from tests.benchmarks.cases import Case

#: NumPy takes smaller arrays from a store of its own, which it fills once.
SMALLEST = 1024

ROOT = Path(__file__).parents[2]


def allocations(step: Callable[[], object], warm: int = 5) -> list[tuple[str, int, int]]:
    """Return (file:line, times, bytes) for each line that allocates `SMALLEST` bytes or more at once.

    Between two lines the peak of traced memory is compared with what there was, so that an array which lives within a
    line is seen. Of several in one line the largest moment counts as one.
    """
    for _ in range(warm):
        step()
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    place, before = "", 0

    def settle() -> None:
        nonlocal before
        peak = tracemalloc.get_traced_memory()[1]
        if place and peak - before >= SMALLEST:
            found[place][0] += 1
            found[place][1] += peak - before
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal place
        settle()
        caller = frame.f_back
        if event != "return":
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        elif caller is not None:
            place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        return trace

    outer = sys.gettrace()
    tracemalloc.start()
    try:
        step()  # tracemalloc's own memory settles
        settle()
        sys.settrace(trace)
        step()
    finally:
        sys.settrace(outer)
        settle()
        tracemalloc.stop()
    return [(_short(name), times, size) for name, (times, size) in found.items()]


def _short(place: str) -> str:
    name, _, line = place.rpartition(":")
    path = Path(name)
    return f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}:{line}"


def steady_state(case: Case) -> dict[str, Any]:
    """Return what bpframe's step allocates on a network at steady state, beside the size of its activations."""
    candidate = make("bpframe", case)
    rows = allocations(lambda: candidate.run(1))
    sizes = sorted({4 * case.batch * units for units in case.sizes[1:]})
    return {
        "network": case.name,
        "batch": case.batch,
        "activations_bytes": sizes,
        "times": sum(times for _, times, _ in rows),
        "bytes": sum(size for *_, size in rows),
        "lines": [{"place": place, "times": times, "bytes": size} for place, times, size in rows],
    }
