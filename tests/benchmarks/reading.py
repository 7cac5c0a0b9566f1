"""How fast training is on examples that are read where they lie, beside the same in memory.

OPENBLAS_CORETYPE=SKYLAKEX python tests/benchmarks/reading.py [--rounds 15] [--examples 60000]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bpframe.data import map_array
from bpframe.derivatives.points import given_rows
from tests.benchmarks.cases import Case, chain
from tests.benchmarks.measuring import ratios
from tests.benchmarks.timing import Median, Timed, rounds_of

#: What the speed has to be of that in memory, while reading is faster than training.
TARGET = 0.9


class Sequence:
    """Examples one by one."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, k: int) -> Any:
        return self._array[k]


def reading(rounds: int, examples: int = 60_000, case: Case | None = None) -> dict[str, Any]:
    """Return µs per step in memory, on a mapped file, on several, and on a sequence, and the ratios of their speeds."""
    case = case or chain(784, 300, 10, batch=64)
    from bpframe_reference import GradientDescent

    optimizer = GradientDescent(learning_rate=case.learning_rate)
    rng, steps = np.random.default_rng(0), examples // case.batch
    x = rng.random((steps * case.batch, *case.input_shape), dtype=np.float32)
    y = rng.integers(0, 2, (len(x), *case.output_shape)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder, patch.object(given_rows, "IN_MEMORY", 0):
        np.save(Path(folder, "x.npy"), x)
        for k, part in enumerate(np.array_split(x, 4)):
            np.save(Path(folder, f"part-{k}.npy"), part)
        sources: dict[str, Any] = {
            "memory": x,
            "mapped": map_array("x.npy", base=folder),
            "files": map_array("part-*.npy", base=folder),
            "sequence": Sequence(x),
        }

        def fitting(given: Any) -> Timed:
            net = case.build()

            def fit(calls: int) -> None:
                for _ in range(calls):
                    net.fit(given, y, optimizer=optimizer, epochs=1, batch_size=case.batch, progress=False)

            return Timed(fit, steps)

        times = rounds_of({name: fitting(each) for name, each in sources.items()}, rounds, target=0.0)
    return {
        "network": case.name,
        "microseconds": {name: asdict(Median.of([1e6 * each for each in taken])) for name, taken in times.items()},
        "speed": {
            name: asdict(Median.of(ratios(times["memory"], taken))) for name, taken in times.items() if name != "memory"
        },
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--examples", type=int, default=60_000)
    given = parser.parse_args()
    print(json.dumps(reading(given.rounds, given.examples), indent=2))
