"""A recorded update leaves the bytes of the optimizer's own calls, step after step."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import GradientDescent

from bpframe import updates
from bpframe.extend import Optimizer, PositiveFloat
from tests.contract.components import optimizers


class Twice(Optimizer):
    """Reads the gradient again after it wrote `out`."""

    elementwise: ClassVar[bool] = True
    learning_rate: PositiveFloat = 0.1

    def update(self, gradient, out):
        np.multiply(gradient, -self.learning_rate, out=out)
        out -= 0.01 * gradient * abs(gradient)
        return out


class Clipped(Optimizer):
    """Decides by the numbers."""

    def update(self, gradient):
        norm = float(np.linalg.norm(gradient))
        return -0.1 * gradient / max(norm, 1.0)


class Decay(Optimizer):
    """Looks at the parameters."""

    elementwise: ClassVar[bool] = True

    def update(self, gradient, parameters):
        return -0.1 * (gradient + 0.01 * parameters)


class Counting(Optimizer):
    """Remembers how often it was called."""

    has_effects: ClassVar[bool] = True

    def update(self, gradient):
        calls.append(len(gradient))
        return -0.1 * gradient


calls: list[int] = []

OPTIMIZERS = [GradientDescent(learning_rate=0.1), Twice(), Clipped(), Decay(), optimizers.Momentum(learning_rate=0.1),
              optimizers.NormalisedGradient(learning_rate=0.1)]  # fmt: skip
RECORDED = {"GradientDescent", "Twice", "Decay", "Momentum"}


def trained(optimizer, dtype, steps=8):
    rng = np.random.default_rng(0)
    theta, gradient = rng.normal(size=1000).astype(dtype), np.empty(1000, dtype)
    updater = updates.Updater(optimizer, theta, gradient)
    for _ in range(steps):
        gradient[:] = rng.normal(size=1000)
        updater.apply()
    return theta, updater


@pytest.mark.parametrize("block", [1 << 20, 1000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: type(each).__name__)
def test_the_same_bytes(optimizer, dtype, block, monkeypatch) -> None:
    monkeypatch.setattr(updates, "BLOCK_BYTES", block)
    ours, updater = trained(optimizer, dtype)
    assert bool(updater._calls) == (type(optimizer).__name__ in RECORDED)
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    expected, called = trained(optimizer, dtype)
    assert not called._calls
    assert ours.tobytes() == expected.tobytes()
    for name, value in called.state.items():
        assert updater.state[name].tobytes() == value.tobytes()


def test_the_change_takes_the_gradients_place_only_where_it_is_not_read_again() -> None:
    for optimizer, replaced in [(GradientDescent(learning_rate=0.1), True), (Twice(), False)]:
        _, updater = trained(optimizer, "float64")
        before = updater.gradient.copy()
        updater.apply()
        assert bool((updater.gradient != before).all()) == replaced


def test_an_optimizer_with_effects_is_called_each_time() -> None:
    calls.clear()
    trained(Counting(), "float64", steps=9)
    assert calls == [1000] * 9
