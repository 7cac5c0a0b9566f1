"""A gather whose index comes from the data stays in the record, and reads what the present pass says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_convolution import Flatten
from bpframe_reference import Dense, QuadraticCost
from bpframe_sequence import Embedding

from bpframe import Network
from bpframe.extend import Activation, Array, Diagonal, Gather, Layer, Operator, Parameter, compose
from tests.components.false_jacobians import MaxPool
from tests.passes import step, training_steps

FEATURES = 6


class Sorted(Activation):
    """Each example's entries in order: an index of its own for each."""

    def forward(self, x: Array, saved: dict[str, Array]) -> Array:
        saved["index"] = np.argsort(x, axis=-1)
        return np.take_along_axis(x, saved["index"], axis=-1)

    def jacobian(self, saved: dict[str, Array]) -> Operator:
        return Gather(saved["index"])


class Kept(Activation):
    """What is positive: an index that reads zero here and there, and in some batches nowhere."""

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, 0).astype(x.dtype)

    def jacobian(self, x: Array) -> Operator:
        return Gather(np.where(x > 0, np.arange(x.shape[1]), -1))


class Chained(Sorted):
    """Every other of the sorted entries, squared: gathers that join, and go on."""

    def forward(self, x: Array, saved: dict[str, Array]) -> Array:
        saved["index"] = np.argsort(x, axis=-1)
        return np.take_along_axis(x, saved["index"], axis=-1)[:, ::-1] ** 2

    def jacobian(self, x: Array, saved: dict[str, Array]) -> Operator:
        turned = Gather(np.arange(x.shape[1])[::-1][None].copy(), x.shape[1:])
        ordered = np.take_along_axis(x, saved["index"], axis=-1)[:, ::-1]
        return compose(Diagonal(2 * ordered), turned, Gather(saved["index"]))


class Chosen(Layer):
    """Entries that a parameter chooses for all examples: each once in some steps, some twice in others."""

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"where": Parameter((features,), init=0.0)}

    def forward(self, x: Array, p: dict[str, Array], saved: dict[str, Array]) -> Array:
        saved["index"] = np.clip(np.rint(p["where"]), 0, x.shape[1] - 1).astype(np.int64)[None]
        return x[:, saved["index"][0]]

    def jacobian(self, x: Array, saved: dict[str, Array]) -> dict[str, Operator]:
        return {"x": Gather(saved["index"]), "where": Gather(np.full((1, x.shape[1]), -1))}


def network(*layers: Any, shape: tuple[int, ...] = (FEATURES,), dtype: str = "float64") -> Network:
    return Network([*layers, Flatten(), Dense(units=2)], input_shape=shape, cost=QuadraticCost(), dtype=dtype, seed=1)


NETWORKS: dict[str, Any] = {
    "sorted": lambda dtype: network(Dense(units=5), Sorted(), dtype=dtype),
    "kept": lambda dtype: network(Dense(units=5), Kept(), dtype=dtype),
    "chained": lambda dtype: network(Dense(units=5), Chained(), dtype=dtype),
    "chosen": lambda dtype: network(Dense(units=5), Chosen(), Tanh(), dtype=dtype),
    "pooled": lambda dtype: network(Dense(units=6), MaxPool(), dtype=dtype),
    "embedded": lambda dtype: network(Embedding(size=5, units=3), Dense(units=3), shape=(2,), dtype=dtype),
}


def passes(built: Network, name: str, count: int = 60) -> list[tuple[float, bytes]]:
    rng = np.random.default_rng(0)
    ((source, shape),) = built.graph.inputs.items()
    found = []
    for number in range(count):
        if name == "embedded":
            x = rng.integers(0, 5, (4, *shape))
        else:
            x = rng.standard_normal((4, *shape)).astype(built.dtype) + (number % 3) * 2  # now and then all positive
            x[rng.random(x.shape) < 0.1] = -0.0
        if name == "chosen":
            entries = rng.permutation(5) if number % 2 else rng.integers(0, 5, 5)
            built.parameters["chosen_1.where"][...] = entries
        y = rng.standard_normal((4, 2)).astype(built.dtype)
        cost, gradient, _ = step(built, {source: x}, {built.graph.outputs[0]: y})
        assert np.isfinite(cost)
        found.append((cost, gradient.tobytes()))
        for path, view in built.parameters.items():
            if path != "chosen_1.where":
                view -= built._engine.parameters.like(gradient)[path] / 1024
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NETWORKS)
def test_repeated_passes_leave_the_bytes_of_called_ones(name, dtype, monkeypatch) -> None:
    recorded = NETWORKS[name](dtype)
    found = passes(recorded, name)
    (program,) = training_steps(recorded)
    assert program.is_bound
    assert not program.direct
    calls = [each for part in program.record.segments for op in part.ops for each in (op.function, *op.operands[:1])]
    functions = {getattr(each, "__name__", "") for each in calls}
    assert functions & {"scattered", "gathered"}
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    assert passes(NETWORKS[name](dtype), name) == found


@pytest.mark.parametrize("name", NETWORKS)
def test_the_plan_shows_what_is_scattered(name) -> None:
    plan = NETWORKS[name]("float64").step_plan(4)
    assert not plan.direct
    assert "scattered" in {each.function for each in plan.calls}
