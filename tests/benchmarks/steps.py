"""One training step (forward, backward, update) of sigmoid networks with quadratic cost, as ratios within one run.

    python tests/benchmarks/steps.py [--json]

Against the matrix products alone, the hand-written prototype, and PyTorch eager where the extra `bench` is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from prototype import MatrixProducts, Prototype
from timing import interleaved

NETWORKS = [
    ((784, 30, 10), 10),
    ((784, 100, 10), 32),
    ((784, 256, 128, 10), 128),
    ((784, 1024, 1024, 10), 256),
    ((64, 64, 64, 64, 64, 10), 16),
]


def bpframe_step(sizes, batch):
    """Return one step of the trainer's inner loop, checks of cost and gradient included."""
    import math

    from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

    import bpframe as bp
    from bpframe.nonfinite import all_finite
    from bpframe.updates import Updater

    layers = [layer for size in sizes[1:] for layer in (Dense(units=size), Sigmoid())]
    network = bp.Network(layers, cost=QuadraticCost(), input_shape=sizes[:1], dtype="float32", seed=0)
    engine = network._engine
    updater = Updater(GradientDescent(learning_rate=3.0), engine.parameters.vector, engine.gradient.vector)
    output = network.graph.outputs[0]

    def step(x, y):
        cost, _ = engine.differentiate({"x": x}, {output: y}, training=True, purpose="training")
        if not math.isfinite(cost) or not all_finite(engine.gradient.vector):
            raise FloatingPointError
        updater.apply()

    return step


def torch_step(sizes, batch):
    """Return the same step in PyTorch eager, or None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    layers = []
    for m, n in pairwise(sizes):
        layers += [torch.nn.Linear(m, n), torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=3.0)

    def step(x, y):
        optimizer.zero_grad()
        loss = 0.5 * ((model(x) - y) ** 2).sum() / batch
        loss.backward()
        optimizer.step()

    return step


def measure(sizes, batch, rounds):
    rng = np.random.default_rng(0)
    x = rng.random((batch, sizes[0]), dtype=np.float32)
    y = rng.random((batch, sizes[-1]), dtype=np.float32)
    steps = {
        "products": MatrixProducts(sizes, batch).step,
        "prototype": Prototype(sizes, batch).step,
        "bpframe": bpframe_step(sizes, batch),
    }
    candidates = {name: (lambda step=step: step(x, y)) for name, step in steps.items()}
    torch = torch_step(sizes, batch)
    if torch is not None:
        import torch as library

        tx, ty = library.from_numpy(x.copy()), library.from_numpy(y.copy())
        candidates["torch"] = lambda: torch(tx, ty)
    return interleaved(candidates, rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=31)
    arguments = parser.parse_args()
    rows = []
    for sizes, batch in NETWORKS:
        seconds = measure(sizes, batch, arguments.rounds)
        ratios = {
            f"bpframe / {name}": seconds["bpframe"] / value for name, value in seconds.items() if name != "bpframe"
        }
        rows.append(
            {
                "network": "-".join(map(str, sizes)),
                "batch": batch,
                "microseconds": {k: v * 1e6 for k, v in seconds.items()},
                "ratios": ratios,
            }
        )
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="one training step, median µs, and bpframe's ratio to each", title_justify="left")
    names = list(rows[-1]["microseconds"])
    for heading in ("network", "batch", *names, *(f"/ {name}" for name in names if name != "bpframe")):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    for row in rows:
        table.add_row(
            row["network"],
            str(row["batch"]),
            *(f"{row['microseconds'][name]:.1f}" for name in names),
            *(f"{row['ratios'][f'bpframe / {name}']:.2f}" for name in names if name != "bpframe"),
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
