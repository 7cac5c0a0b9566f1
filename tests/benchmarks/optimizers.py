"""A step of training with Adam beside PyTorch eager: 784-256-128-10 with sigmoids, float32, as many threads for both.

    python tests/benchmarks/optimizers.py [--rounds 31] [--batch 128] [--json]

Both take the gradient of the mean quadratic cost over one batch, and a step; `update alone` is the optimizer's part.
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

from tests.benchmarks.measuring import ratios
from tests.benchmarks.timing import Median, Timed, rounds_of

SIZES = (784, 256, 128, 10)

#: The ratio of the whole step to PyTorch's that is aimed at.
TARGET = 0.5


def adam_steps(rounds: int, batch: int = 128) -> dict[str, Any]:
    """Return µs per step of both, of the optimizers' part alone, and the ratios of ours to PyTorch's."""
    import torch
    from bpframe_optimizers import Adam
    from bpframe_reference import Dense, QuadraticCost, Sigmoid

    import bpframe as bp
    from bpframe.machine.blas import numpy_blas
    from bpframe.training.updates import Updater

    blas = numpy_blas()
    torch.set_num_threads(blas.threads if blas is not None else torch.get_num_threads())
    rng = np.random.default_rng(0)
    x, y = (rng.random((batch, size), dtype=np.float32) for size in (SIZES[0], SIZES[-1]))
    layers = [layer for units in SIZES[1:] for layer in (Dense(units=units), Sigmoid())]
    net = bp.Network(layers, cost=QuadraticCost(), input_shape=(SIZES[0],), dtype="float32", seed=0)
    optimizer = Adam()
    updater = Updater(optimizer, net.parameters.vector.copy(), np.full_like(net.parameters.vector, 1e-3))

    peers = [torch.from_numpy(each.copy()).requires_grad_() for each in net.parameters.values()]
    peer_x, peer_y, rule = torch.from_numpy(x), torch.from_numpy(y), torch.optim.Adam(peers)

    def ours(calls: int) -> None:
        for _ in range(calls):
            net.train_step(x, y, optimizer=optimizer)

    def fitted(calls: int) -> None:
        net.fit(np.tile(x, (calls, 1)), np.tile(y, (calls, 1)), optimizer=optimizer, epochs=1, batch_size=batch,
                shuffle=False, progress=False)  # fmt: skip

    def theirs(calls: int) -> None:
        for _ in range(calls):
            rule.zero_grad()
            a = peer_x
            for w, b in zip(peers[::2], peers[1::2], strict=True):
                a = torch.sigmoid(torch.nn.functional.linear(a, w, b))
            (((a - peer_y) ** 2).sum() / (2 * batch)).backward()
            rule.step()

    def update(calls: int) -> None:
        for _ in range(calls):
            updater.apply()

    def peer_update(calls: int) -> None:
        for _ in range(calls):
            rule.step()

    runs = {"bpframe": ours, "fit": fitted, "pytorch": theirs, "update alone": update, "pytorch's update": peer_update}
    theirs(1)  # gradients
    times = rounds_of({name: Timed(run, 1) for name, run in runs.items()}, rounds, target=0.02)
    return {
        "batch": batch,
        "microseconds": {name: asdict(Median.of([1e6 * each for each in taken])) for name, taken in times.items()},
        "least": {name: 1e6 * min(taken) for name, taken in times.items()},
        "step": asdict(Median.of(ratios(times["bpframe"], times["pytorch"]))),
        "fit": asdict(Median.of(ratios(times["fit"], times["pytorch"]))),
        "update": asdict(Median.of(ratios(times["update alone"], times["pytorch's update"]))),
    }


def shown(found: dict[str, Any]) -> str:
    """Return the results as text."""
    lines = [
        f"{name:17} {each['value']:9.0f} µs (least {found['least'][name]:.0f})"
        for name, each in found["microseconds"].items()
    ]
    parts = [f"{part} {found[part]['value']:.2f} ({found[part]['low']:.2f} to {found[part]['high']:.2f})"
             for part in ("step", "fit", "update")]  # fmt: skip
    return "\n".join([*lines, f"ratios to PyTorch: {', '.join(parts)}; aimed at: a step of at most {TARGET}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--json", action="store_true", help="write the results as JSON")
    asked = parser.parse_args()
    found = adam_steps(asked.rounds, asked.batch)
    print(json.dumps(found, indent=2) if asked.json else shown(found))


if __name__ == "__main__":
    main()
