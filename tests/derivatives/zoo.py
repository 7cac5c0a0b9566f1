"""Networks that every derivative has to be right on: chains, sharing, residuals, and the components of the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from bpframe_activations import Softmax, Tanh
from bpframe_convolution import Conv1d, Flatten
from bpframe_merges import Concatenate
from bpframe_reference import Add, Dense, Multiply, QuadraticCost, Sigmoid
from bpframe_regularisation import LayerNorm
from bpframe_sequence import Embedding

from bpframe import Network, node
from tests.components.attention import Attention
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.components.recurrent import Recurrent
from tests.components.textbook import Textbook
from tests.contract.cases import scatter

BATCH = 4


@dataclass(frozen=True)
class Example:
    """A network with data; `make` builds it anew, so that a test may change it."""

    name: str
    build: Callable[..., Network]
    classes: int = 0
    tokens: int = 0

    def make(self, dtype: str = "float64") -> Network:
        network = self.build(dtype=dtype)
        scatter(network)
        return network

    def data(self, batch: int = BATCH, dtype: str = "float64", seed: int = 3) -> tuple[Any, Any]:
        """Return x and y: plain arrays where there is one of each, mappings otherwise."""
        rng = np.random.default_rng([seed, batch])
        graph = self.build(dtype=dtype).graph
        x = {
            name: rng.integers(0, self.tokens, (batch, *shape))
            if name in graph.integer_inputs
            else rng.standard_normal((batch, *shape)).astype(dtype)
            for name, shape in graph.inputs.items()
        }
        y = {
            output: rng.integers(0, self.classes, batch)
            if cost.integer_targets
            else rng.standard_normal((batch, *graph.target_shapes[output])).astype(dtype)
            for output, cost in graph.cost.items()
        }
        only = lambda arrays: next(iter(arrays.values())) if len(arrays) == 1 else arrays  # noqa: E731
        return only(x), only(y)


def _layers(*layers: Any, shape: tuple[int, ...], cost: Any = None) -> Callable[..., Network]:
    return lambda dtype: Network(list(layers), input_shape=shape, cost=cost or QuadraticCost(), dtype=dtype, seed=1)


def _nodes(output: Any = None, cost: Any = None, inputs: Any = None, **nodes: Any) -> Callable[..., Network]:
    return lambda dtype: Network(
        inputs=inputs or {"x": (3,)}, nodes=nodes, output=output, cost=cost or QuadraticCost(), dtype=dtype, seed=1
    )


D = Dense

ZOO = [
    Example("sigmoid-quadratic", _layers(D(units=4), Sigmoid(), D(units=2), Sigmoid(), shape=(3,))),
    Example("tanh-deep", _layers(D(units=4), Tanh(), D(units=3), Tanh(), D(units=4), Tanh(), D(units=2), shape=(3,))),
    Example("bottleneck", _layers(D(units=5), Tanh(), D(units=1), Tanh(), D(units=5), Tanh(), D(units=4), shape=(4,))),
    Example(
        "softmax-cross-entropy",
        _layers(D(units=5), Sigmoid(), D(units=3), shape=(4,), cost=SoftmaxCrossEntropy()),
        classes=3,
    ),
    Example("linear", _layers(D(units=3), D(units=3), D(units=2), shape=(4,))),
    Example("softmax-output", _layers(D(units=3), Softmax(), D(units=2), Softmax(), shape=(3,))),
    Example(
        "shared-weights",
        _nodes(
            first=node(D(units=3), "x"),
            squashed=node(Tanh(), "first"),
            again=node(D(units=3), "squashed", share="first"),
            end=node(D(units=2), "again"),
        ),
    ),
    Example(
        "residual",
        _nodes(
            one=node(D(units=3), "x"),
            squashed=node(Tanh(), "one"),
            sum=node(Add(), "squashed", "x"),
            two=node(D(units=3), "sum"),
            squashed_again=node(Sigmoid(), "two"),
            sum_again=node(Add(), "squashed_again", "sum"),
            end=node(D(units=2), "sum_again"),
        ),
    ),
    Example(
        "gated-two-outputs",
        _nodes(
            output=["product", "side"],
            cost={"product": QuadraticCost(), "side": QuadraticCost()},
            inputs={"x": (3,), "z": (2,)},
            left=node(D(units=4), "x"),
            right=node(D(units=4), "z"),
            gate=node(Sigmoid(), "right"),
            product=node(Multiply(), "left", "gate"),
            side=node(D(units=2), "gate"),
        ),
    ),
    Example(
        "convolution",
        _layers(
            Conv1d(filters=2, kernel_size=3), Tanh(), Conv1d(filters=2, kernel_size=2), Flatten(), D(units=2),
            shape=(6, 2),
        ),
    ),
    Example(
        "convolution-cross-entropy",
        _layers(
            Conv1d(filters=2, kernel_size=3, stride=2), Sigmoid(), Flatten(), D(units=3), shape=(7, 2),
            cost=SoftmaxCrossEntropy(),
        ),
        classes=3,
    ),
    Example(
        "attention",
        _nodes(
            inputs={"x": (3, 2)},
            q=node(D(units=2), "x"),
            k=node(D(units=2), "x"),
            v=node(D(units=3), "x"),
            mixed=node(Attention(), "q", "k", "v"),
            flat=node(Flatten(), "mixed"),
            end=node(D(units=2), "flat"),
        ),
    ),
    Example("layer-norm", _layers(D(units=4), LayerNorm(epsilon=0.1), Tanh(), D(units=2), shape=(3,))),
    Example("recurrent", _layers(Recurrent(units=3), D(units=2), Tanh(), shape=(4, 2))),
    Example(
        "embedding",
        _layers(
            Embedding(size=5, units=3), Flatten(), D(units=3), shape=(2,), cost=SoftmaxCrossEntropy()
        ),
        classes=3,
        tokens=5,
    ),
    Example(
        "concatenated",
        _nodes(
            left=node(D(units=2), "x"),
            right=node(Sigmoid(), "x"),
            both=node(Concatenate(), "left", "right"),
            end=node(D(units=2), "both"),
        ),
    ),
    Example("plain-arrays", _layers(D(units=3), Tanh(), Textbook(units=2), Sigmoid(), shape=(3,))),
]  # fmt: skip


def made(*layers: Any, cost: Any = None) -> tuple[Network, np.ndarray, np.ndarray]:
    """Return a chain from three features to two, with four examples x and y."""
    network = Network(list(layers), input_shape=(3,), cost=cost or QuadraticCost(), seed=1)
    scatter(network)
    rng = np.random.default_rng(0)
    return network, rng.standard_normal((4, 3)), rng.standard_normal((4, 2))


def named(name: str) -> Example:
    return next(each for each in ZOO if each.name == name)
