"""A small curve to fit: what an optimizer that drives itself is tried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.core.backprop.engine import Engine
from bpframe.core.component import Activation, Cost, Layer, Parameter
from bpframe.core.graph.building import build_graph
from bpframe.core.graph.randomness import stream
from bpframe.core.operators import Broadcast, Diagonal, IdentityMap, Matrix, Operator, WeightTimes
from bpframe.documents.written_out import DEFAULT_INPUT, network_spec
from bpframe.replay.repeating import planned
from bpframe.training.batches import Samples
from bpframe.training.history import History
from bpframe.training.listening import Listening
from bpframe.training.spec import TrainingSpec
from bpframe.training.trainer import Trainer
from bpframe.validation.plain_arrays import Array

__all__ = ["SmallFit", "Squares", "small_fit"]


EXAMPLES = 24
UNITS = 4

#: The size of a mini-batch, for optimizers that take them.
BATCH = 8


class _Affine(Layer):
    """z = w a + b."""

    units: int

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (self.units,)

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"w": Parameter((self.units, features), init=0.0), "b": Parameter((self.units,), init=0.0)}

    def forward(self, a: Array, p: dict[str, Array]) -> Array:
        return a @ p["w"].T + p["b"]

    def jacobian(self, a: Array, p: dict[str, Array]) -> dict[str, Operator]:
        return {"a": Matrix(p["w"]), "w": WeightTimes(a), "b": Broadcast()}


class _Tanh(Activation):
    """y = tanh x."""

    def forward(self, x: Array) -> Array:
        return np.tanh(x)

    def jacobian(self, y: Array) -> Operator:
        return Diagonal(1 - y * y)


class Squares(Cost):
    """C = ½ ‖a − y‖², of an output of any shape."""

    def forward(self, a: Array, y: Array) -> Array:
        """Return C, (N,)."""
        total: Array = np.square(a - y).reshape(len(a), -1).sum(axis=1) / 2
        return total

    def jacobian(self, a: Array, y: Array) -> Array:
        """Return a − y."""
        return a - y

    def hessian(self, a: Array) -> Operator:
        """Return 1."""
        return IdentityMap()


@dataclass(frozen=True)
class SmallFit:
    """A run: its history, the costs at the start and at the end, where it ended, and how far reports were off.

    `misreported` is the largest difference between a reported cost and that of the parameters at the time, relative
    to the cost at the start.
    """

    history: History
    start: float
    end: float
    parameters: Array
    misreported: float


def small_fit(optimizer: Optimizer, seed: int, dtype: Any, iterations: int) -> SmallFit:
    """Fit sin 3x with a 1-4-1 network, from a seeded start."""
    engine = _engine(dtype, seed)
    data = _data(engine)
    start = engine.total_cost(*data) / EXAMPLES
    spec = TrainingSpec(optimizer=optimizer, epochs=iterations, batch_size=BATCH if optimizer.batches else None)
    run = Trainer(engine, spec)
    misreported = [0.0]

    def listen(history: History) -> None:
        cost = engine.total_cost(*data) / EXAMPLES
        misreported.append(abs(history.epochs[-1].cost - cost) / start)

    run.run(data, show=False, listening=Listening([listen], engine, run.history))
    end = engine.total_cost(*data) / EXAMPLES
    return SmallFit(run.history, start, end, engine.parameters.vector.copy(), max(misreported))


def _engine(dtype: Any, seed: int) -> Engine:
    layers = [_Affine(units=UNITS), _Tanh(), _Affine(units=1)]
    spec = network_spec(layers, input_shape=(1,), cost=Squares(), dtype=dtype)
    engine = Engine(planned(build_graph(spec)), dtype, seed)
    for path, view in engine.parameters.items():
        view[...] = stream(seed, "conformance", path).standard_normal(view.shape)
    return engine


def _data(engine: Engine) -> Samples:
    x = np.linspace(-1, 1, EXAMPLES).reshape(-1, 1)
    (name,) = engine.graph.outputs
    return {DEFAULT_INPUT: x.astype(engine.dtype)}, {name: np.sin(3 * x).astype(engine.dtype)}
