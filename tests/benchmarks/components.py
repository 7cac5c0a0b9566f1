"""Networks of the components that ship beside PyTorch's eager ones: one of each family, float32, the quadratic cost.

    python tests/benchmarks/components.py [--rounds 31] [--only NAME] [--json]

A step is `train_step`, with its checks of examples, cost and gradient, beside `zero_grad`, `backward` and `step`. That
both compute the same is held in tests/peers. Where an aim is missed, the profile says which calls take the time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import convolutions
from tests.benchmarks.measuring import ratios
from tests.benchmarks.timing import Median, Timed, markdown, rounds_of

Data = tuple[np.ndarray, np.ndarray]

#: So often each call of a step is timed for the profile, whose parts are the least of these.
PROFILED = 40


@dataclass(frozen=True)
class Pair:
    """A network by both hands: bpframe's layers, PyTorch's module, what both see, and both rules."""

    name: str
    aim: float
    layers: Callable[[], list[Any]]
    module: Callable[[], Any]
    data: Callable[[], Data]
    adam: bool = False

    def rule(self) -> Any:
        from bpframe_optimizers import Adam
        from bpframe_reference import GradientDescent

        return Adam() if self.adam else GradientDescent(learning_rate=1e-4)


def numbers(*shapes: tuple[int, ...]) -> Data:
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
    return x, y


def tokens() -> Data:
    return np.random.default_rng(0).integers(0, 1000, (32, 16)), numbers((1,), (32, 16, 32))[1]


def lstm() -> list[Any]:
    from bpframe_sequence import Lstm

    return [Lstm(units=64, return_sequences=True)]


def attention() -> list[Any]:
    from bpframe_sequence import MultiHeadAttention

    return [MultiHeadAttention(heads=4)]


def embedding() -> list[Any]:
    from bpframe_reference import Dense
    from bpframe_sequence import Embedding

    return [Embedding(size=1000, units=64), Dense(units=32)]


def perceptron() -> list[Any]:
    from bpframe_reference import Dense, Sigmoid

    return [layer for units in (256, 128, 10) for layer in (Dense(units=units), Sigmoid())]


def normalisations(kind: str) -> list[Any]:
    from bpframe_regularisation import BatchNorm, LayerNorm

    return [BatchNorm() if kind == "batch" else LayerNorm() for _ in range(4)]


def torch_row(*modules: Callable[[Any], Any]) -> Callable[[], Any]:
    def made() -> Any:
        from torch import nn

        return nn.Sequential(*(each(nn) for each in modules))

    return made


def torch_convolutions(modules: Callable[[], list[Any]]) -> Callable[[], Any]:
    def made() -> Any:
        from torch import nn

        return nn.Sequential(*modules())

    return made


def torch_first(module: Callable[[Any], Any], times: int) -> Callable[[], Any]:
    """Return a module that hands its input on `times` times, and shows the first of the outputs."""

    def made() -> Any:
        from torch import nn

        class First(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.module = module(nn)

            def forward(self, x: Any) -> Any:
                return self.module(*[x] * times)[0]

        return First()

    return made


def torch_perceptron() -> Any:
    from torch import nn

    sizes = ((784, 256), (256, 128), (128, 10))
    return nn.Sequential(*(module for size in sizes for module in (nn.Linear(*size), nn.Sigmoid())))


PAIRS: dict[str, Pair] = {
    "lenet": Pair("LeNet, 8×8", 0.6, convolutions.lenet, torch_convolutions(convolutions.torch_lenet),
                  lambda: numbers((32, 8, 8, 1), (32, 10))),
    "conv2d": Pair("convolution 28×28, 5×5, 32 filters", 1.3, lambda: convolutions.convolution(32, 5),
                   torch_convolutions(lambda: convolutions.torch_convolution(1, 32, 5)),
                   lambda: numbers((32, 28, 28, 1), (32, 24, 24, 32))),
    "lstm": Pair("LSTM of 64, 32 steps", 1.0, lstm, torch_first(lambda nn: nn.LSTM(64, 64, batch_first=True), 1),
                 lambda: numbers((16, 32, 64), (16, 32, 64))),
    "attention": Pair("attention of 64, 4 heads, 32 steps", 0.9, attention,
                      torch_first(lambda nn: nn.MultiheadAttention(64, 4, batch_first=True), 3),
                      lambda: numbers((16, 32, 64), (16, 32, 64))),
    "adam": Pair("784-256-128-10, Adam", 0.5, perceptron, torch_perceptron,
                 lambda: numbers((128, 784), (128, 10)), adam=True),
    "batch_norm": Pair("4 batch norms of 256", 1.0, lambda: normalisations("batch"),
                       torch_row(*[lambda nn: nn.BatchNorm1d(256)] * 4), lambda: numbers((128, 256), (128, 256))),
    "layer_norm": Pair("4 layer norms of 256", 1.0, lambda: normalisations("layer"),
                       torch_row(*[lambda nn: nn.LayerNorm(256)] * 4), lambda: numbers((128, 256), (128, 256))),
    "embedding": Pair("embedding 1000×64, dense", 0.6, embedding,
                      torch_row(lambda nn: nn.Embedding(1000, 64), lambda nn: nn.Linear(64, 32)), tokens),
}  # fmt: skip


class Ours:
    """bpframe's steps, and where their time goes."""

    def __init__(self, pair: Pair, data: Data) -> None:
        from bpframe_reference import QuadraticCost

        import bpframe as bp

        self.x, self.y = data
        self.network = bp.Network(
            pair.layers(), cost=QuadraticCost(), input_shape=self.x.shape[1:], dtype="float32", seed=0
        )
        self.rule = pair.rule()

    def run(self, calls: int) -> None:
        for _ in range(calls):
            self.network.train_step(self.x, self.y, optimizer=self.rule)

    def profile(self) -> list[dict[str, Any]]:
        """Return the least µs of the calls of every node's forward and backward, the most first.

        What is left of a step's time are the update, the checks and the framework.
        """
        from bpframe.core.backprop.called_pass import Wanted

        engine, least = self.network._engine, dict[tuple[int, str], float]()
        (output,) = self.network.graph.cost
        with engine.lane() as lane:
            program: Any = engine._pass(lane, len(self.x), "training", True, Wanted.GRADIENT, {output: self.y})
            if not program.is_bound:
                return []
            named = [f"{each.name}: {each.phase}" for each in program._bound.segments]
            for _ in range(PROFILED):
                for number, (call, name) in enumerate(zip(program._bound.calls, named, strict=True)):
                    began = time.perf_counter()
                    call()
                    seconds = time.perf_counter() - began
                    least[number, name] = min(seconds, least.get((number, name), seconds))
        parts: dict[str, float] = {}
        for (_, name), seconds in least.items():
            parts[name] = parts.get(name, 0.0) + 1e6 * seconds
        ordered = sorted(parts.items(), key=lambda part: -part[1])
        return [{"part": name, "microseconds": found} for name, found in ordered]


def theirs(pair: Pair, data: Data) -> Callable[[int], None]:
    """Return PyTorch's steps, channels first, on as many threads as NumPy's BLAS has. Errors: ImportError."""
    import torch

    from bpframe.machine.blas import numpy_blas

    blas = numpy_blas()
    if blas is not None:
        torch.set_num_threads(blas.threads)
    x, y = (torch.from_numpy(np.ascontiguousarray(np.moveaxis(each, -1, 1)) if each.ndim == 4 else each)
            for each in data)  # fmt: skip
    module = pair.module()
    rule = (torch.optim.Adam if pair.adam else torch.optim.SGD)(module.parameters(), lr=1e-3 if pair.adam else 1e-4)

    def run(calls: int) -> None:
        for _ in range(calls):
            rule.zero_grad()
            (0.5 * ((module(x) - y) ** 2).sum() / len(x)).backward()
            rule.step()

    return run


def measure(pair: Pair, rounds: int, target: float = 0.01) -> dict[str, Any]:
    """Return a row of results: µs of both steps, the ratio and its aim, and bpframe's profile."""
    data = pair.data()
    mine, missing = Ours(pair, data), {}
    timed = {"bpframe": Timed(mine.run)}
    try:
        timed["PyTorch"] = Timed(theirs(pair, data))
    except ImportError as error:
        missing["PyTorch"] = f"{error.name or error} is not installed"
    mine.run(8)  # steps are repeated from the third on
    times = rounds_of(timed, rounds, target)
    return {
        "network": pair.name,
        "batch": len(data[0]),
        "aim": pair.aim,
        "microseconds": {name: asdict(Median.of([1e6 * each for each in taken])) for name, taken in times.items()},
        "ratios": {
            name: asdict(Median.of(ratios(times["bpframe"], times[name]))) for name in times if name != "bpframe"
        },
        "missing": missing,
        "fastest": 1e6 * min(times["bpframe"]),
        "profile": mine.profile(),
    }


def row(found: Mapping[str, Any]) -> dict[str, object]:
    """Return what a table shows of a row of results."""
    peer, ratio = found["microseconds"].get("PyTorch"), found["ratios"].get("PyTorch")
    return {
        "network": found["network"],
        "batch": found["batch"],
        "bpframe, µs": f"{found['microseconds']['bpframe']['value']:.0f}",
        "PyTorch, µs": "-" if peer is None else f"{peer['value']:.0f}",
        "ratio": "-" if ratio is None else f"{ratio['value']:.2f}",
        "at most": f"{found['aim']:g}",
    }


def missed(found: Mapping[str, Any], parts: int = 4) -> str | None:
    """Return where the time of a step goes whose aim is missed, or None where it is reached."""
    ratio = found["ratios"].get("PyTorch")
    if ratio is None or ratio["value"] <= found["aim"]:
        return None
    whole, largest = found["fastest"], found["profile"][:parts]
    shown = ", ".join(f"{each['part']} {each['microseconds']:.0f} µs" for each in largest)
    left = whole - sum(each["microseconds"] for each in found["profile"])
    return f"{found['network']}: of {whole:.0f} µs {shown}; {max(left, 0.0):.0f} µs the update, checks and framework"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--only", choices=PAIRS, help="one network")
    parser.add_argument("--json", action="store_true", help="write the results as JSON")
    asked = parser.parse_args()
    found = [measure(pair, asked.rounds) for name, pair in PAIRS.items() if asked.only in (None, name)]
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    print(markdown([row(each) for each in found]))
    print(*(f"- {each}" for each in map(missed, found) if each is not None), sep="\n")


if __name__ == "__main__":
    main()
