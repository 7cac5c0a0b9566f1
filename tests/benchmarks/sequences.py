"""Layers of sequences beside PyTorch's: the ratio of a whole training step in float32, eager, with the same threads.

    python tests/benchmarks/sequences.py [--rounds 31]

An LSTM of 64 units over 32 steps, attention of width 64 over 32 steps, a transformer block of the same, and an
embedding with a dense layer behind; batches of 16 and, of the last, 32. Both take the same steps in turn; times are
those of the process, so that neighbours on the machine count less.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

#: The ratios that are aimed at.
TARGETS = {"lstm": 1.0, "attention": 0.9, "embedding": 0.6}


def cases() -> dict[str, tuple[Any, Any, Any, Any]]:
    """Return bpframe's layers, PyTorch's module, inputs and targets, by name."""
    import torch
    from bpframe_reference import Dense
    from bpframe_sequence import Embedding, Lstm, MultiHeadAttention, TransformerBlock

    class First(torch.nn.Module):
        def __init__(self, module: Any, times: int) -> None:
            super().__init__()
            self.module, self.times = module, times

        def forward(self, x: Any) -> Any:
            return self.module(*[x] * self.times)[0]

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 16, 32, 64), dtype=np.float32)
    tokens = rng.integers(0, 1000, (32, 16))
    attention = torch.nn.MultiheadAttention(64, 4, batch_first=True)
    return {
        "lstm": ([Lstm(units=64, return_sequences=True)], First(torch.nn.LSTM(64, 64, batch_first=True), 1), x, y),
        "attention": ([MultiHeadAttention(heads=4)], First(attention, 3), x, y),
        "transformer block": (
            [TransformerBlock(heads=4)],
            torch.nn.TransformerEncoderLayer(64, 4, 256, 0.0, "gelu", batch_first=True, norm_first=True),
            x,
            y,
        ),
        "embedding": (
            [Embedding(size=1000, units=64), Dense(units=32)],
            torch.nn.Sequential(torch.nn.Embedding(1000, 64), torch.nn.Linear(64, 32)),
            tokens,
            rng.standard_normal((32, 16, 32), dtype=np.float32),
        ),
    }


def steps(layers: Any, module: Any, x: Any, y: Any) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return a training step of each."""
    import torch
    from bpframe_reference import GradientDescent, QuadraticCost

    import bpframe as bp

    net = bp.Network(layers, cost=QuadraticCost(), input_shape=x.shape[1:], dtype="float32")
    rule, descent = GradientDescent(learning_rate=1e-3), torch.optim.SGD(module.parameters(), lr=1e-3)
    given, wanted = torch.tensor(x), torch.tensor(y)

    def by_torch() -> None:
        descent.zero_grad()
        (((module(given) - wanted) ** 2).sum() / (2 * len(x))).backward()
        descent.step()

    return lambda: net.train_step(x, y, optimizer=rule), by_torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    asked = parser.parse_args()
    import torch

    from bpframe.machine.blas import numpy_blas

    blas = numpy_blas()
    torch.set_num_threads(1 if blas is None else blas.threads)
    for name, case in cases().items():
        pair = steps(*case)
        times: tuple[list[float], list[float]] = [], []
        for _ in range(asked.rounds + 1):
            for each, found in zip(pair, times, strict=True):
                started = time.process_time()
                for _ in range(5):
                    each()
                found.append((time.process_time() - started) / 5e-6)
        ours, theirs = (found[1:] for found in times)  # the first round builds what later ones reuse
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        aim = f", aimed at: at most {TARGETS[name]}" if name in TARGETS else ""
        least = min(ours) / min(theirs)
        print(f"{name}: {min(ours):.0f} µs beside {min(theirs):.0f} µs, ratio {least:.2f} (median {ratio:.2f}){aim}")


if __name__ == "__main__":
    main()
