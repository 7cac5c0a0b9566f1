"""One small network per component, in places where its Jacobians can be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from bpframe_activations import Softmax, Tanh
from bpframe_convolution import Conv1d, Flatten, MaxPool1d, MaxPool2d
from bpframe_merges import Concatenate
from bpframe_reference import Dense, Identity, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout, LayerNorm
from bpframe_sequence import Embedding

from bpframe import Network, node
from tests.components.attention import Attention
from tests.components.gated import FrugalLstm, Gru, Lstm, PlainRecurrent
from tests.components.recurrent import Recurrent
from tests.components.textbook import SumOfEntries, Textbook

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """A component with the shapes of its inputs."""

    name: str
    component: Any
    inputs: Shapes
    training: tuple[bool, ...] = (False,)
    tokens: int = 0
    second_order: bool = True

    @property
    def bends(self) -> bool:
        """Whether second derivatives between float layers may be asked of it."""
        return self.second_order and not self.tokens

    def alone(self, dtype: str = "float64", seed: int = 0) -> Network:
        """The component as a network of its own, with random parameters."""
        network = Network(
            nodes={"probe": node(self.component, *self.inputs)},
            inputs=self.inputs,
            output="probe",
            dtype=dtype,
            seed=seed,
        )
        scatter(network)
        return network

    def trainable(self, dtype: str = "float64", seed: int = 0) -> Network:
        """The component between layers with parameters of their own, and a cost."""
        before = {} if self.tokens else {f"d_{name}": node(Dense(units=s[-1]), name) for name, s in self.inputs.items()}
        nodes = {
            **before,
            "probe": node(self.component, *(before or self.inputs)),
            "flat": node(Flatten(), "probe"),
            "squashed": node(Sigmoid(), "flat"),
            "end": node(Dense(units=2), "squashed"),
        }
        network = Network(nodes=nodes, inputs=self.inputs, cost=QuadraticCost(), dtype=dtype, seed=seed)
        scatter(network)
        return network

    def x(self, batch: int, seed: int = 1, dtype: str = "float64") -> dict[str, np.ndarray]:
        rng = np.random.default_rng([seed, batch])
        if self.tokens:
            return {name: rng.integers(0, self.tokens, (batch, *shape)) for name, shape in self.inputs.items()}
        return {name: rng.standard_normal((batch, *shape)).astype(dtype) for name, shape in self.inputs.items()}


def scatter(network: Network) -> None:
    """Move every parameter away from values, such as 0 and 1, at which a mistake could hide."""
    rng = np.random.default_rng(7)
    network.parameters.vector[:] += 0.3 * rng.standard_normal(network.parameters.vector.shape)


BOTH = (False, True)

CASES = [
    Case("softmax", Softmax(), {"x": (5,)}),
    Case("softmax-lead", Softmax(), {"x": (2, 3)}),
    Case("layer_norm", LayerNorm(), {"x": (5,)}),
    Case("layer_norm-lead", LayerNorm(epsilon=0.1), {"x": (2, 3)}),
    Case("batch_norm", BatchNorm(epsilon=0.01), {"x": (3,)}, BOTH),
    Case("batch_norm-lead", BatchNorm(epsilon=0.01), {"x": (2, 3)}, BOTH),
    Case("dropout", Dropout(rate=0.4), {"x": (7,)}, BOTH),
    Case("embedding", Embedding(size=4, units=3), {"x": (5,)}, tokens=4),
    Case("embedding-scalar", Embedding(size=4, units=3), {"x": ()}, tokens=4),
    Case("max_pool", MaxPool1d(kernel_size=2), {"x": (5, 3)}),
    Case("max_pool-2d", MaxPool2d(kernel_size=(2, 3)), {"x": (4, 6, 2)}),
    Case("conv1d", Conv1d(filters=2, kernel_size=3), {"x": (6, 3)}),
    Case("conv1d-stride", Conv1d(filters=3, kernel_size=2, stride=3), {"x": (7, 2)}),
    Case("recurrent", Recurrent(units=3), {"x": (4, 2)}),
    Case("recurrent-scan", PlainRecurrent(units=3), {"x": (4, 2)}, second_order=False),
    Case("lstm", Lstm(units=2), {"x": (4, 3)}, second_order=False),
    Case("lstm-frugal", FrugalLstm(units=2, every=3), {"x": (4, 3)}, second_order=False),
    Case("gru", Gru(units=2), {"x": (3, 2)}, second_order=False),
    Case("attention", Attention(), {"q": (3, 2), "k": (4, 2), "v": (4, 5)}),
    Case("concatenate", Concatenate(), {"a": (2, 3), "b": (2, 1), "c": (2, 2)}),
    Case("textbook", Textbook(units=2), {"x": (3,)}),
    Case("sum_of_entries", SumOfEntries(), {"x": (3,)}),
    Case("tanh", Tanh(), {"x": (3,)}),
    Case("flatten", Flatten(), {"x": (2, 3)}),
    Case("identity", Identity(), {"x": (2,)}),
]

#: Each case in each mode that it has: (case, training).
MODES = [(case, training) for case in CASES for training in case.training]


def mode_id(value: object) -> str:
    return value.name if isinstance(value, Case) else {False: "evaluation", True: "training"}[bool(value)]
