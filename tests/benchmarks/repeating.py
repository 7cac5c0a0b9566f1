"""What soundness costs: guards, many batch sizes, threads; each beside NumPy by hand, or beside itself, in one run.

    OPENBLAS_CORETYPE=SKYLAKEX python tests/benchmarks/repeating.py [--rounds 15] [--json]

An older bpframe, in another folder, is timed in the same run with `--beside FOLDER`: ratios are new / old.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


def network(inputs: int = 64, hidden: int = 30) -> Any:
    from bpframe_reference import Dense, QuadraticCost, Sigmoid

    import bpframe as bp

    layers = [Dense(units=hidden), Sigmoid(), Dense(units=10), Sigmoid()]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(inputs,), dtype="float32", seed=0)


def by_hand(net: Any) -> Any:
    w1, b1, w2, b2 = (view.copy() for view in net.parameters.views.values())

    def predict(x: np.ndarray) -> np.ndarray:
        a = 1 / (1 + np.exp(-(x @ w1.T + b1)))
        return 1 / (1 + np.exp(-(a @ w2.T + b2)))

    return predict


def sizes(calls: int = 20_000) -> dict[str, float]:
    """Predictions of 1 to 200 examples, in any order: the median and the 99th percentile, µs, and those by hand."""
    net = network()
    found = {}
    for name, predict in (("bpframe", net.predict), ("by hand", by_hand(net))):
        rng = np.random.default_rng(0)
        x = rng.random((200, 64), dtype=np.float32)
        times = []
        for size in rng.integers(1, 201, calls):
            batch = x[:size]
            started = time.perf_counter()
            predict(batch)
            times.append(1e6 * (time.perf_counter() - started))
        found |= {f"{name} p50": statistics.median(times), f"{name} p99": float(np.percentile(times, 99))}
    return found


def guards(rounds: int) -> float:
    """µs that a pass looks at constants for."""
    net, x = network(784), np.zeros((10, 784), np.float32)
    for _ in range(100):
        net.gradient(x, np.zeros((10, 10), np.float32))
    (program,) = [each for lane in net._engine.held.gate.lanes for each, _ in lane._kept.values()]
    return min(_per_call(program._holds, 10_000) for _ in range(rounds))


def _per_call(function: Any, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        function()
    return 1e6 * (time.perf_counter() - started) / calls


def threads(rounds: int, examples: int = 4096) -> float:
    """Predictions of large batches by two threads: how many in the time in which one makes one.

    With one thread of BLAS for each product: else a single prediction has all cores already.
    """
    from threadpoolctl import threadpool_limits

    net = network(256, 512)
    x = np.random.default_rng(0).random((examples, 256), dtype=np.float32)
    net.predict(x)

    def taking(count: int) -> float:
        workers = [threading.Thread(target=lambda: [net.predict(x) for _ in range(8 // count)]) for _ in range(count)]
        started = time.perf_counter()
        for each in workers:
            each.start()
        for each in workers:
            each.join()
        return time.perf_counter() - started

    with threadpool_limits(1):
        return statistics.median(taking(1) / taking(2) for _ in range(rounds))


def times(rounds: int) -> dict[str, float]:
    """µs of a training step of 784-30-10, batch 10, within `fit`, and of a prediction of one example."""
    from bpframe_reference import GradientDescent

    net, rng = network(784), np.random.default_rng(0)
    x, y = rng.random((5000, 784), dtype=np.float32), np.eye(10, dtype=np.float32)[rng.integers(0, 10, 5000)]
    rate, one = GradientDescent(learning_rate=0.1), x[:1].copy()
    steps, single = [], []
    for _ in range(300):
        net.predict(one)
    for _ in range(rounds):
        started = time.perf_counter()
        net.fit(x, y, optimizer=rate, epochs=1, batch_size=10, progress=False)
        steps.append(1e6 * (time.perf_counter() - started) / 500)
        single.append(_per_call(lambda: net.predict(one), 2000))
    return {"step": statistics.median(steps), "predict one": statistics.median(single)}


def beside(folder: str, rounds: int) -> dict[str, float]:
    """Medians of the ratios new / old, each pair of processes one after the other."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        new, old = (_apart(each) for each in (str(ROOT), folder))
        for name, value in new.items():
            found.setdefault(name, []).append(value / old[name])
    return {f"{name}, new / old": statistics.median(ratios) for name, ratios in found.items()}


def _apart(folder: str) -> dict[str, float]:
    path = [folder, f"{folder}/plugins"]
    code = (
        f"import sys; sys.path[:0] = {path!r}; import bpframe; sys.path.insert(0, {str(ROOT)!r}); import json; "
        "from tests.benchmarks.repeating import times; print(json.dumps(times(5)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    return dict(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--beside", help="the folder of an older bpframe")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = {
        **times(asked.rounds),
        "guards": guards(asked.rounds),
        **sizes(),
        "two threads / one": threads(asked.rounds),
    }
    if asked.beside:
        found |= beside(asked.beside, asked.rounds)
    print(
        json.dumps(found, indent=2)
        if asked.json
        else "\n".join(f"{name:24} {value:8.2f}" for name, value in found.items())
    )


if __name__ == "__main__":
    main()
