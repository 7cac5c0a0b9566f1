"""Single steps, `train_step` in a loop of one's own, beside the steps of `fit`.

    OPENBLAS_CORETYPE=SKYLAKEX python tests/benchmarks/train_step.py [--rounds 15] [--examples 5000] [--json]

Both go through the same examples once, batch by batch: `fit` in an order of its own, the loop slice by slice.
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

from tests.benchmarks.cases import Case, chain
from tests.benchmarks.measuring import ratios
from tests.benchmarks.timing import Median, Timed, rounds_of
from tests.training.rules import Adam

EXAMPLES = 5_000

#: The ratio of single steps to those of `fit` that is aimed at: what is checked anew each time is the examples alone.
TARGET = 1.25


def single_steps(rounds: int, examples: int = EXAMPLES, case: Case | None = None, rule: Any = None) -> dict[str, Any]:
    """Return µs per step of an epoch of `fit` and of as many single steps, and the ratio of these to those."""
    case = case or chain(784, 30, 10, batch=10)
    from bpframe_reference import GradientDescent

    optimizer = rule or GradientDescent(learning_rate=case.learning_rate)
    rng, steps = np.random.default_rng(0), examples // case.batch
    x = rng.random((steps * case.batch, *case.input_shape), dtype=np.float32)
    y = rng.integers(0, 2, (len(x), *case.output_shape)).astype(np.float32)
    fitted, stepped = case.build(), case.build()
    batches = [slice(start, start + case.batch) for start in range(0, len(x), case.batch)]

    def fit(calls: int) -> None:
        for _ in range(calls):
            fitted.fit(x, y, optimizer=optimizer, epochs=1, batch_size=case.batch, progress=False)

    def loop(calls: int) -> None:
        for _ in range(calls):
            for rows in batches:
                stepped.train_step(x[rows], y[rows], optimizer=optimizer)

    times = rounds_of({"fit": Timed(fit, steps), "train_step": Timed(loop, steps)}, rounds, target=0.0)
    return {
        "network": case.name,
        "batch": case.batch,
        "optimizer": optimizer.kind,
        "microseconds": {name: asdict(Median.of([1e6 * each for each in taken])) for name, taken in times.items()},
        "ratio": asdict(Median.of(ratios(times["train_step"], times["fit"]))),
    }


def line(found: Mapping[str, Any]) -> str:
    ratio, each = found["ratio"], found["microseconds"]
    return (
        f"{found['network']}, batch {found['batch']}, {found['optimizer']}: a single step takes "
        f"{each['train_step']['value']:.1f} µs, {ratio['value']:.2f} (quartiles {ratio['low']:.2f} to "
        f"{ratio['high']:.2f}) times one of `fit`"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--json", action="store_true", help="write the results as JSON")
    asked = parser.parse_args()
    found = [single_steps(asked.rounds, asked.examples, rule=rule) for rule in (None, Adam(learning_rate=1e-3))]
    print(json.dumps(found, indent=2) if asked.json else "\n".join(map(line, found)) + f"; aimed at: at most {TARGET}")


if __name__ == "__main__":
    main()
