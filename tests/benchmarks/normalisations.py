"""Training steps through normalisations beside PyTorch's eager ones, in turn, in one process and on as many threads.

    python tests/benchmarks/normalisations.py

Four layers of one kind with gain and offset stand in a row, so that three of them send errors back to what they read;
a step is forward, the quadratic cost, backward, and gradient descent. The ratio aimed at is 1.0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
from bpframe_reference import GradientDescent, QuadraticCost
from bpframe_regularisation import BatchNorm, LayerNorm

import bpframe as bp

LAYERS = 4
SHAPES = ((128, 256), (16, 32, 64))
AIM = 1.0

Step = Callable[[], object]


def ours(kind: str, x: np.ndarray, y: np.ndarray) -> Step:
    """Return a step of bpframe's."""
    layers = [BatchNorm() if kind == "batch_norm" else LayerNorm() for _ in range(LAYERS)]
    net = bp.Network(layers, input_shape=x.shape[1:], dtype="float32", cost=QuadraticCost())
    optimizer = GradientDescent(learning_rate=0.01)
    return lambda: net.train_step(x, y, optimizer=optimizer)


def theirs(kind: str, x: np.ndarray, y: np.ndarray) -> Step:
    """Return a step of PyTorch's, on as many threads as NumPy's BLAS has."""
    import torch

    from bpframe.machine.blas import numpy_blas

    blas = numpy_blas()
    if blas is not None:
        torch.set_num_threads(blas.threads)
    channels = x.shape[-1]

    class Flat(torch.nn.BatchNorm1d):
        def forward(self, array):
            return super().forward(array.reshape(-1, channels)).reshape(array.shape)

    made = (lambda: Flat(channels)) if kind == "batch_norm" else (lambda: torch.nn.LayerNorm(channels))
    module = torch.nn.Sequential(*(made() for _ in range(LAYERS)))
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        (0.5 * ((module(inputs) - targets) ** 2).sum() / len(x)).backward()
        optimizer.step()

    return step


def measured(steps: Sequence[Step], blocks: int = 60, calls: int = 20) -> list[list[float]]:
    """Return the seconds of a call of each step, block by block, in turn."""
    for step in steps:
        for _ in range(calls):
            step()
    found: list[list[float]] = [[] for _ in steps]
    for _ in range(blocks):
        for step, seconds in zip(steps, found, strict=True):
            began = time.perf_counter()
            for _ in range(calls):
                step()
            seconds.append((time.perf_counter() - began) / calls)
    return found


def main() -> None:
    for kind in ("batch_norm", "layer_norm"):
        for shape in SHAPES:
            rng = np.random.default_rng(0)
            x, y = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
            mine, other = measured([ours(kind, x, y), theirs(kind, x, y)])
            print(
                f"{kind:11}{shape!s:15}bpframe {min(mine) * 1e6:6.0f} µs, PyTorch {min(other) * 1e6:6.0f} µs;"
                f"  ratio of minima {min(mine) / min(other):.2f}, of medians {median(mine) / median(other):.2f},"
                f" aimed at {AIM}"
            )


if __name__ == "__main__":
    main()
