"""Operators for images, sequences and attention beside the same NumPy calls by hand, as ratios within one run.

    python tests/benchmarks/structures.py [--rounds 15] [--json]

By hand means: the calls that one would write for this case alone, with nothing general about them. They are the floor,
and the aim beside each ratio is what an operator's generality may cost. Both give the same numbers, which is tested
before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bpframe.core.operators import Diagonal, Matrix, Operator, WeightTimes, compose
from bpframe.structures import BatchMatMul, Scan, Windows
from tests.benchmarks.timing import interleaved

Products = tuple[np.ndarray, ...]

#: What an operator may cost beside the floor: 1.1 times as much where it is one call of NumPy, more where it loops.
AIMS = {"convolution": 1.2, "attention's scores": 1.1, "recurrence": 2.5, "recurrence, with its making": 6.0}


def convolution(batch: int = 16, width: int = 28, channels: int = 8, units: int = 16, size: int = 3) -> tuple:
    """Images with zeros around them: the value, and the errors of the image and of the kernels."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, width, width, channels), dtype=np.float32)
    w = rng.standard_normal((units, size * size * channels), dtype=np.float32)
    u = rng.standard_normal((batch, width, width, units), dtype=np.float32)
    side = size // 2

    def ours() -> Products:
        windows = Windows((size, size), padding=side).bind(x.shape[1:], (width, width, w.shape[1]))
        rows = windows.jvp(x)
        back = compose(Matrix(w), windows).vjp(u)
        return Matrix(w).jvp(rows), back, WeightTimes(rows).bind(w.shape, u.shape[1:]).sum_vjp(u)

    def by_hand() -> Products:
        padded = np.zeros((batch, width + 2 * side, width + 2 * side, channels), np.float32)
        padded[:, side:-side, side:-side] = x
        seen = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
        rows = np.moveaxis(seen, 3, -1).reshape(-1, w.shape[1])
        flat = u.reshape(-1, units)
        errors = (flat @ w).reshape(batch, width, width, size, size, channels)
        back = np.zeros_like(padded)
        for i in range(size):
            for j in range(size):
                back[:, i : i + width, j : j + width] += errors[:, :, :, i, j]
        return (rows @ w.T).reshape(u.shape), back[:, side:-side, side:-side], flat.T @ rows

    return ours, by_hand


def scores(batch: int = 16, heads: int = 4, places: int = 64, width: int = 32) -> tuple:
    """Scores q kᵀ: a change of q and of k, and the errors of both."""
    rng = np.random.default_rng(0)
    q, k = rng.standard_normal((2, batch, heads, places, width), dtype=np.float32)
    u = rng.standard_normal((batch, heads, places, places), dtype=np.float32)

    def ours() -> Products:
        by_q, by_k = BatchMatMul(k.swapaxes(-1, -2), "right"), BatchMatMul(q, "left", transpose=True)
        return by_q.jvp(q), by_k.jvp(k), by_q.vjp(u), by_k.vjp(u)

    def by_hand() -> Products:
        turned = k.swapaxes(-1, -2)
        return np.matmul(q, turned), np.matmul(q, turned), np.matmul(u, k), np.matmul(u.swapaxes(-1, -2), q)

    return ours, by_hand


def recurrence(batch: int = 32, times: int = 64, units: int = 64, made: bool = True) -> tuple:
    """Back-propagation through time of a plain recurrent layer.

    Its operators are made before, as in a pass that is repeated from its record, or anew, as where a layer is called.
    """
    rng = np.random.default_rng(0)
    d, error = rng.standard_normal((2, batch, times, units), dtype=np.float32)
    u = rng.standard_normal((units, units), dtype=np.float32) / units

    def through() -> Operator:
        steps = [compose(Diagonal(d[:, t]), Matrix(u)) for t in range(times)]
        return compose(Scan(steps), Diagonal(d))

    ready = through()

    def ours() -> Products:
        return ((ready if made else through()).vjp(error),)

    def by_hand() -> Products:
        pulled = np.empty_like(error)
        carried = np.zeros_like(error[:, 0])
        for t in reversed(range(times)):
            pulled[:, t] = d[:, t] * (error[:, t] + carried)
            carried = pulled[:, t] @ u
        return (pulled,)

    return ours, by_hand


CASES: Mapping[str, Callable[..., tuple]] = {
    "convolution": convolution,
    "attention's scores": scores,
    "recurrence": recurrence,
    "recurrence, with its making": partial(recurrence, made=False),
}


def measure(case: tuple, rounds: int) -> dict[str, float]:
    """Return the median seconds of both ways."""
    ours, by_hand = case
    for one, other in zip(ours(), by_hand(), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())
    return interleaved({"operators": ours, "by hand": by_hand}, rounds=rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="write the medians as JSON")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    found = {name: measure(make(), arguments.rounds) for name, make in CASES.items()}
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    for name, medians in found.items():
        floor, seconds = medians["by hand"], medians["operators"]
        print(f"{name:28s} {seconds * 1e3:8.3f} ms   {seconds / floor:5.2f} of the floor (aim {AIMS[name]})")


if __name__ == "__main__":
    main()
