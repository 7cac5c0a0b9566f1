"""Matrix products on one BLAS thread and on all: from which size on do threads help?

    OPENBLAS_CORETYPE=SKYLAKEX python tests/benchmarks/threads.py [--rounds 15] [--dtype float32]

Timed are the three products of a dense layer, forward and back; sizes count the multiplications of one. Quiet, and
beside a process that keeps one core busy, where a thread may wait long for its core: so there means are shown too.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from threadpoolctl import ThreadpoolController

from bpframe.machine.blas_threads import LARGE_PRODUCT
from tests.benchmarks.timing import Timed, markdown, rounds_of

#: Seconds of one turn, without a rest before it: training has none, and whoever rests gets its core back at once.
TURN = 0.04

#: Batch, inputs and outputs of a dense layer.
LAYERS = (
    (10, 784, 30), (16, 64, 64), (32, 256, 64), (64, 256, 64), (128, 128, 128), (32, 784, 100), (64, 512, 128),
    (32, 784, 256), (128, 784, 128), (128, 784, 256), (256, 784, 1024),
)  # fmt: skip

BUSY = [sys.executable, "-c", "while True: pass"]


def products(batch: int, inputs: int, outputs: int, dtype: str):
    """Return a function that multiplies so many times as a layer does in so many steps."""
    rng = np.random.default_rng(0)
    a, w, delta = (rng.random(shape).astype(dtype) for shape in ((batch, inputs), (outputs, inputs), (batch, outputs)))
    z, gradient, error = np.empty_like(delta), np.empty_like(w), np.empty_like(a)

    def run(calls: int) -> None:
        for _ in range(calls):
            np.matmul(a, w.T, out=z)
            np.matmul(delta.T, a, out=gradient)
            np.matmul(delta, w, out=error)

    return run


def measured(layer: tuple[int, int, int], dtype: str, rounds: int) -> tuple[float, float, float]:
    """Return µs on one thread, and what all threads take beside it: the ratio of medians, and of means."""
    run = products(*layer, dtype)
    control = ThreadpoolController()
    limits = {"one": 1, "all": None}

    def limited(limit: int | None, calls: int) -> None:
        with control.limit(limits=limit, user_api="blas"):
            run(calls)

    timed = {name: Timed(lambda calls, limit=limit: limited(limit, calls)) for name, limit in limits.items()}
    times = rounds_of(timed, rounds, TURN, rest=0.0)
    one, several = times["one"], times["all"]
    of_medians, of_means = (f(several) / f(one) for f in (statistics.median, statistics.mean))
    return 1e6 * statistics.median(one), of_medians, of_means


@contextmanager
def busy_neighbour() -> Iterator[None]:
    process = subprocess.Popen(BUSY)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    asked = parser.parse_args()
    rows = []
    for batch, inputs, outputs in LAYERS:
        layer, count = (batch, inputs, outputs), batch * inputs * outputs
        alone, quiet, _ = measured(layer, asked.dtype, asked.rounds)
        with busy_neighbour():
            _, busy, mean = measured(layer, asked.dtype, asked.rounds)
        rows.append({
            "batch, inputs, outputs": f"{batch}, {inputs}, {outputs}", "M·N·K": f"{count / 1e6:.2f}·10⁶",
            "one thread, µs": f"{alone:.0f}", "all / one": f"{quiet:.2f}", "core busy": f"{busy:.2f}",
            "core busy, means": f"{mean:.2f}", "trained on": "one" if count < LARGE_PRODUCT else "all",
        })  # fmt: skip
    print(markdown(rows))


if __name__ == "__main__":
    main()
