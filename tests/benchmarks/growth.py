"""How the time of a step grows with parameters, depth, batch and nodes: at most as O(n)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.cases import Case, branches, chain, deep
from tests.benchmarks.measuring import OURS, measure

NAMES = ("products", "prototype", OURS)


@dataclass(frozen=True)
class Sweep:
    """One quantity that grows, everything else held."""

    what: str
    held: str
    sizes: tuple[int, ...]
    quick: tuple[int, ...]
    case: Callable[[int], Case]


def _square(count: int) -> Case:
    """Return w-w-w with about this many parameters."""
    width = max(1, round((math.sqrt(1 + 2 * count) - 1) / 2))
    return chain(width, width, width, batch=32)


SWEEPS: dict[str, Sweep] = {
    "parameters": Sweep(
        "parameters", "two dense layers, batch 32",
        (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000),
        (100, 3_000, 100_000), _square,
    ),
    "depth": Sweep(
        "layers", "16 neurons in each, batch 16", (2, 5, 10, 20, 50, 100, 200), (2, 20, 100), lambda n: deep(n)
    ),
    "batch": Sweep(
        "examples", "784-100-10", (1, 2, 8, 32, 128, 512, 2048, 8192), (1, 32, 512),
        lambda n: chain(784, 100, 10, batch=n),
    ),
    "nodes": Sweep(
        "nodes", "blocks of two branches of 32 neurons, batch 16", (5, 10, 20, 50, 100, 200), (5, 20, 50), branches
    ),
}  # fmt: skip


def grown(name: str, rounds: int, target: float, quick: bool) -> dict[str, Any]:
    """Return a sweep's points, and how steep the time is at its upper end."""
    sweep = SWEEPS[name]
    points = []
    for size in sweep.quick if quick else sweep.sizes:
        case = sweep.case(size)
        row = measure(case, rounds, target, NAMES)
        points.append({"n": case.count if name == "parameters" else size, **row})
    return {"sweep": name, "what": sweep.what, "held": sweep.held, "points": points, **_steepness(points)}


def _steepness(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the exponent e of time ~ nᵉ over the last decade, for bpframe and for the products alone, and ns per unit.

    By least squares of the logarithms. e = 1 is O(n); below 1, what does not grow is still felt.
    """
    upper = [each for each in points if each["n"] * 10 >= points[-1]["n"]]
    upper = upper if len(upper) > 1 else list(points[-2:])
    last = points[-1]
    return {
        "exponents": {
            name: _slope([each["n"] for each in upper], [each["microseconds"][name]["value"] for each in upper])
            for name in NAMES
        },
        "nanoseconds_per_unit": 1e3 * last["microseconds"][OURS]["value"] / last["n"],
    }


def _slope(n: Sequence[float], time: Sequence[float]) -> float:
    x, y = [math.log(each) for each in n], [math.log(each) for each in time]
    middle, height = sum(x) / len(x), sum(y) / len(y)
    square = sum((a - middle) ** 2 for a in x)
    return sum((a - middle) * (b - height) for a, b in zip(x, y, strict=True)) / square
