"""Training steps of convolution networks beside PyTorch's eager ones: the same networks, data and number of threads.

    python tests/benchmarks/convolutions.py [--rounds 31] [--threads 1 2] [--json]

float32, plain gradient descent, the quadratic cost on both sides, batch 32. A step is forward, backward and update.
Both start from the same parameters and have to give the same cost after a few steps.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.candidates.by_bpframe import BpframeSteps
from tests.benchmarks.measuring import ratios
from tests.benchmarks.timing import Median, Timed, markdown, rounds_of


@dataclass(frozen=True)
class Network:
    """A network by both hands: bpframe's layers, and PyTorch's modules in the same order, made when asked for."""

    name: str
    input_shape: tuple[int, int, int]
    layers: Callable[[], list[Any]]
    modules: Callable[[], list[Any]]
    aim: float
    batch: int = 32
    learning_rate: float = 0.01

    def build(self) -> Any:
        from bpframe_reference import QuadraticCost

        import bpframe as bp

        return bp.Network(self.layers(), cost=QuadraticCost(), input_shape=self.input_shape, dtype="float32", seed=0)

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        shape = self.build().graph.nodes[-1].output_shape
        x = rng.random((self.batch, *self.input_shape), dtype=np.float32)
        return x, rng.random((self.batch, *shape), dtype=np.float32)


def lenet() -> list[Any]:
    from bpframe_activations import Relu
    from bpframe_convolution import Conv2d, Flatten, MaxPool2d
    from bpframe_reference import Dense

    return [
        Conv2d(filters=6, kernel_size=3, padding="same"), Relu(), MaxPool2d(kernel_size=2),
        Conv2d(filters=16, kernel_size=3, padding="same"), Relu(), MaxPool2d(kernel_size=2),
        Flatten(), Dense(units=120), Relu(), Dense(units=84), Relu(), Dense(units=10),
    ]  # fmt: skip


def torch_lenet() -> list[Any]:
    from torch import nn

    return [
        nn.Conv2d(1, 6, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    ]  # fmt: skip


def convolution(filters: int, size: int) -> list[Any]:
    from bpframe_convolution import Conv2d

    return [Conv2d(filters=filters, kernel_size=size)]


def torch_convolution(channels: int, filters: int, size: int) -> list[Any]:
    from torch import nn

    return [nn.Conv2d(channels, filters, size)]


def classifier(filters: int, size: int) -> list[Any]:
    from bpframe_activations import Relu
    from bpframe_convolution import Conv2d, Flatten, MaxPool2d
    from bpframe_reference import Dense

    return [Conv2d(filters=filters, kernel_size=size), Relu(), MaxPool2d(kernel_size=2), Flatten(), Dense(units=10)]


def torch_classifier(filters: int, size: int) -> list[Any]:
    from torch import nn

    places = ((29 - size) // 2) ** 2
    return [nn.Conv2d(1, filters, size), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(places * filters, 10)]


def two_convolutions() -> list[Any]:
    from bpframe_activations import Relu
    from bpframe_convolution import Conv2d

    return [Conv2d(filters=8, kernel_size=1), Relu(), Conv2d(filters=32, kernel_size=3)]


def torch_two_convolutions() -> list[Any]:
    from torch import nn

    return [nn.Conv2d(1, 8, 1), nn.ReLU(), nn.Conv2d(8, 32, 3)]


NETWORKS = {
    each.name: each
    for each in (
        Network("LeNet, 8×8", (8, 8, 1), lenet, torch_lenet, 0.6),
        Network("convolution 28×28×1, 5×5, 32", (28, 28, 1), lambda: convolution(32, 5),
                lambda: torch_convolution(1, 32, 5), 1.3, learning_rate=1e-4),
        Network("the same, ReLU, max-pool, dense", (28, 28, 1), lambda: classifier(32, 5),
                lambda: torch_classifier(32, 5), 1.3),
        Network("1×1 to 28×28×8, ReLU, 3×3, 32", (28, 28, 1), two_convolutions, torch_two_convolutions, 1.3,
                learning_rate=1e-4),
    )
}  # fmt: skip


class TorchSteps:
    """PyTorch's eager step, from the parameters of bpframe's network."""

    def __init__(self, network: Network, ours: Any) -> None:
        import torch

        self.model = torch.nn.Sequential(*network.modules())
        with torch.no_grad():
            for mine, value in zip(self.model.parameters(), converted(ours), strict=True):
                mine.copy_(torch.from_numpy(value))
        x, y = (torch.from_numpy(_channels_first(each)) for each in network.data)
        optimizer = torch.optim.SGD(self.model.parameters(), lr=network.learning_rate)
        model, batch = self.model, network.batch

        def step() -> None:
            optimizer.zero_grad()
            cost = 0.5 * ((model(x) - y) ** 2).sum() / batch
            cost.backward()
            optimizer.step()

        self.step = step

    def run(self, calls: int) -> None:
        for _ in range(calls):
            self.step()


def converted(net: Any) -> list[np.ndarray]:
    """Return the parameters in PyTorch's order of axes: channels first, also where they were flattened."""
    found, flattened = [], None
    for node in net.graph.nodes:
        if node.component.kind == "flatten":
            flattened = node.slot_shapes["x"]
        for name in node.parameters:
            value = net.parameters[node.parameter_path(name)]
            if name == "w" and value.ndim == 2 and flattened is not None:
                value = _channels_first(value.reshape(-1, *flattened)).reshape(value.shape)
                flattened = None
            found.append(_channels_first(value) if value.ndim == 4 else np.array(value))
    return found


def _channels_first(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(array, -1, 1))


def measure(network: Network, threads: int, rounds: int, target: float = 0.02) -> dict[str, Any]:
    """Return µs of both steps on so many threads, and the ratio."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads)
    with threadpool_limits(threads, user_api="blas"):
        mine = BpframeSteps(network)
        peer = TorchSteps(network, mine.network)
        for each in (mine, peer):
            each.run(8)
        for path, (ours, theirs) in enumerate(zip(converted(mine.network), peer.model.parameters(), strict=True)):
            held = theirs.detach().numpy()
            if not np.allclose(ours, held, rtol=1e-3, atol=1e-4 * np.abs(held).max()):
                raise AssertionError(f"{network.name}: parameter {path} is another after the same steps")
        times = rounds_of({"bpframe": Timed(mine.run), "PyTorch": Timed(peer.run)}, rounds, target)
    found = {name: Median.of([1e6 * each for each in taken]) for name, taken in times.items()}
    return {
        "network": network.name,
        "threads": threads,
        "microseconds": {name: asdict(each) for name, each in found.items()},
        "least": {name: 1e6 * min(taken) for name, taken in times.items()},
        "ratio": asdict(Median.of(ratios(times["bpframe"], times["PyTorch"]))),
        "aim": network.aim,
    }


def row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "network": found["network"],
        "threads": found["threads"],
        "bpframe, µs": found["microseconds"]["bpframe"]["value"],
        "PyTorch eager, µs": found["microseconds"]["PyTorch"]["value"],
        "ratio": found["ratio"]["value"],
        "of the least": found["least"]["bpframe"] / found["least"]["PyTorch"],
        "at most": f"{found['aim']:g}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", help="a part of a network's name")
    parser.add_argument("--json", action="store_true", help="write the results as JSON")
    asked = parser.parse_args()
    found = [
        measure(network, threads, asked.rounds)
        for threads in asked.threads
        for name, network in NETWORKS.items()
        if (asked.only or "") in name
    ]
    print(json.dumps(found, indent=2) if asked.json else markdown([row(each) for each in found]))


if __name__ == "__main__":
    main()
