"""What callbacks cost: epochs of `fit` with nobody who listens, with who hears of epochs, and of batches.

OPENBLAS_CORETYPE=SKYLAKEX python tests/benchmarks/listening.py [--rounds 15] [--examples 20000]
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bpframe.extend import Callback
from tests.benchmarks.cases import Case, chain
from tests.benchmarks.measuring import ratios
from tests.benchmarks.timing import Median, Timed, rounds_of

#: What a callback of batches may take, in µs, and the ratio of epochs with a listener of epochs to those without.
LIMIT, TARGET = 1.0, 1.01

#: How many listen to batches together.
MANY = 4


class Batches(Callback):
    """Hear of every batch."""

    def after_batch(self, step: int, cost: float) -> None:
        """Do nothing."""


class Epochs(Callback):
    """Hear of every epoch."""

    def after_epoch(self, epoch: int) -> None:
        """Do nothing."""


def listening(rounds: int, examples: int = 20_000, case: Case | None = None) -> dict[str, Any]:
    """Return µs per step with nobody, with who hears of epochs, and with one and several who hear of batches."""
    case = case or chain(20, 10, 5, batch=10)
    from bpframe_reference import GradientDescent

    optimizer = GradientDescent(learning_rate=case.learning_rate)
    rng, steps = np.random.default_rng(0), examples // case.batch
    x = rng.random((steps * case.batch, *case.input_shape), dtype=np.float32)
    y = rng.integers(0, 2, (len(x), *case.output_shape)).astype(np.float32)
    listeners = {"nobody": [], "epochs": [Epochs()], "one": [Batches()], "many": [Batches()] * MANY}

    def fitting(callbacks: list[Callback]) -> Timed:
        net = case.build()

        def fit(calls: int) -> None:
            for _ in range(calls):
                net.fit(x, y, optimizer=optimizer, epochs=1, batch_size=case.batch, progress=False, callbacks=callbacks)

        return Timed(fit, steps)

    times = rounds_of({name: fitting(each) for name, each in listeners.items()}, rounds, target=0.0)
    medians = {name: Median.of([1e6 * each for each in taken]) for name, taken in times.items()}
    return {
        "network": case.name,
        "microseconds": {name: asdict(each) for name, each in medians.items()},
        "of epochs": asdict(Median.of(ratios(times["epochs"], times["nobody"]))),
        "of batches": asdict(Median.of(ratios(times["one"], times["nobody"]))),
        "each callback": (medians["many"].value - medians["one"].value) / (MANY - 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--examples", type=int, default=20_000)
    given = parser.parse_args()
    print(json.dumps(listening(given.rounds, given.examples), indent=2))
