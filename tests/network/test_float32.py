"""Nothing in a float32 step makes a float64 array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Identity, Multiply, QuadraticCost, Shift, Sigmoid

import bpframe as bp
from bpframe.core.operators import Operator
from bpframe.training.spec import TrainingSpec
from bpframe.training.trainer import Trainer
from tests.passes import training_steps

from .networks import descent


def everything(dtype: str) -> bp.Network:
    """Return a network with every component of the reference set in it."""
    return bp.Network(
        inputs={"x": (3,)},
        nodes={
            "h": bp.node(Dense(units=4), "x"),
            "s": bp.node(Sigmoid(), "h"),
            "t": bp.node(Dense(units=4, bias=False), "s"),
            "u": bp.node(Dense(units=4, bias=False), "t", share="t"),
            "i": bp.node(Identity(), "u"),
            "p": bp.node(Multiply(), "i", "t", "s"),
            "a": bp.node(Add(), "p", "i"),
            "o": bp.node(Shift(by=0.5), "a"),
        },
        cost=QuadraticCost(),
        dtype=dtype,
    )


def arrays(value: Any, seen: set[int]) -> Iterator[np.ndarray]:
    """Yield every array that can be reached through containers, operators and the trainer's parts."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        yield value
        if value.base is not None:
            yield from arrays(value.base, seen)
    elif isinstance(value, dict):
        for each in value.values():
            yield from arrays(each, seen)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from arrays(each, seen)
    elif isinstance(value, Operator):
        for kind in type(value).__mro__:
            for slot in getattr(kind, "__slots__", ()):
                yield from arrays(getattr(value, slot, None), seen)
    elif type(value).__module__.startswith("bpframe."):
        yield from arrays(vars(value) if hasattr(value, "__dict__") else {}, seen)


def floats(value: Any) -> list[np.ndarray]:
    return [array for array in arrays(value, set()) if array.dtype.kind == "f"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_array_that_training_leaves_has_the_networks_dtype(dtype, shuffle):
    net = everything(dtype)
    x = np.random.default_rng(0).standard_normal((7, 3))
    y = np.random.default_rng(1).standard_normal((7, 4))
    samples = net._samples(x, y)
    trainer = Trainer(net._engine, TrainingSpec(optimizer=descent(0.01), epochs=8, batch_size=3, shuffle=shuffle))
    trainer.run(samples, samples)
    held = floats(trainer)
    for program in (programs := training_steps(net)):
        held += [each for each in program._bound._arrays.values() if each.dtype.kind == "f"]
    assert len(programs) == 2  # of three examples, and of the last one
    assert len(held) > 70
    assert {str(array.dtype) for array in held} == {dtype}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_array_on_the_way_back_has_the_networks_dtype(dtype, monkeypatch):
    """Each product with a local Jacobian, and each update, takes and gives arrays of the network's dtype."""
    net, found = everything(dtype), []
    import bpframe.core.backprop.backward
    import bpframe.training.updates

    spied = bpframe.core.backprop.backward.local_jacobian

    class Spy:
        def __init__(self, operator):
            self.operator = operator

        def vjp(self, u, out=None):
            found.extend([u, self.operator.vjp(u), self.operator.vjp(u, out)])
            return found[-1]

        def sum_vjp(self, u, out=None):
            found.extend([u, self.operator.sum_vjp(u), self.operator.sum_vjp(u, out)])
            return found[-1]

    monkeypatch.setattr(
        bpframe.core.backprop.backward,
        "local_jacobian",
        lambda trace, step: {key: Spy(operator) for key, operator in spied(trace, step).items()},
    )
    updater = bpframe.training.updates.Updater
    changed = updater._changed
    monkeypatch.setattr(updater, "_changed", lambda self, block: found.append(changed(self, block)) or found[-1])
    x, y = np.ones((4, 3)), np.ones((4, 4))
    net.fit(x, y, optimizer=descent(0.01), epochs=2, batch_size=3)
    assert len(found) > 50
    assert {str(array.dtype) for array in found} == {dtype}


def test_float64_data_trains_a_float32_network_as_its_rounded_data_does():
    x = np.random.default_rng(0).standard_normal((7, 3))
    y = np.random.default_rng(1).standard_normal((7, 4))
    results = []
    for kind in (np.float64, np.float32):
        net = everything("float32")
        net.fit(x.astype(kind), y.astype(kind), optimizer=descent(0.01), epochs=2, batch_size=3)
        results.append(net.parameters.vector.tobytes())
    assert results[0] == results[1]
