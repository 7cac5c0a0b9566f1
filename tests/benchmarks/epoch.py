"""A whole epoch of `fit` beside its steps alone: what checks, shuffling, gathering and the loop cost.

    OPENBLAS_CORETYPE=SKYLAKEX python tests/benchmarks/epoch.py [--rounds 15] [--examples 50000] [--json]

The steps alone are as many on one batch, which stays in the processor's cache. The epoch is one call of `fit` on
examples that do not fit there, from the checks of its arrays to its history.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.candidates import make
from tests.benchmarks.cases import Case, chain
from tests.benchmarks.measuring import ratios
from tests.benchmarks.timing import Median, Timed, rounds_of

EXAMPLES, QUICK_EXAMPLES = 50_000, 5_000

#: The ratio of an epoch to its steps that is aimed at.
TARGET = 1.25


def fitting(case: Case, examples: int) -> Timed:
    """Return epochs of `fit` on random examples, batch after batch of the case's size."""
    from bpframe_reference import GradientDescent

    network, steps = case.build(), examples // case.batch
    rng = np.random.default_rng(0)
    x = rng.random((steps * case.batch, *case.input_shape), dtype=np.float32)
    y = rng.integers(0, 2, (len(x), *case.output_shape)).astype(np.float32)
    optimizer = GradientDescent(learning_rate=case.learning_rate)

    def run(calls: int) -> None:
        for _ in range(calls):
            history = network.fit(x, y, optimizer=optimizer, epochs=1, batch_size=case.batch, progress=False)
            assert history.steps == steps

    return Timed(run, steps)


def stepping(name: str, case: Case, steps: int) -> Timed:
    """Return as many steps of a candidate on the case's one batch."""
    candidate = make(name, case)
    return Timed(lambda calls: candidate.run(calls * steps), steps, lambda: candidate.load(case.start))


def epoch(rounds: int, examples: int = EXAMPLES, case: Case | None = None) -> dict[str, Any]:
    """Return µs per step of an epoch of `fit`, of its steps alone and of the prototype's, and the epoch's ratios."""
    case = case or chain(784, 30, 10, batch=10)
    timed = {"epoch": fitting(case, examples)}
    timed |= {name: stepping(name, case, timed["epoch"].steps) for name in ("bpframe", "prototype")}
    times = rounds_of(timed, rounds, target=0.0)
    beyond = [1e6 * (a - b) for a, b in zip(times["epoch"], times["bpframe"], strict=True)]
    return {
        "network": case.name,
        "batch": case.batch,
        "examples": examples,
        "microseconds": {name: asdict(Median.of([1e6 * each for each in taken])) for name, taken in times.items()},
        "ratios": {name: asdict(Median.of(ratios(times["epoch"], times[name]))) for name in times if name != "epoch"},
        "beyond": asdict(Median.of(beyond)),
    }


def line(found: Mapping[str, Any]) -> str:
    ratio, beyond = found["ratios"]["bpframe"], found["beyond"]
    return (
        f"{found['network']}, batch {found['batch']}, {found['examples']:,} examples: an epoch of `fit` takes "
        f"{ratio['value']:.2f} (quartiles {ratio['low']:.2f} to {ratio['high']:.2f}) times its "
        f"{found['examples'] // found['batch']:,} steps alone, {beyond['value']:.1f} µs more per step"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--json", action="store_true", help="write the results as JSON")
    asked = parser.parse_args()
    found = epoch(asked.rounds, asked.examples)
    print(json.dumps(found, indent=2) if asked.json else f"{line(found)}; aimed at: at most {TARGET}")


if __name__ == "__main__":
    main()
