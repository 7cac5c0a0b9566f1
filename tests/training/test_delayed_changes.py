"""A change Δθ may be the old state itself, which is replaced after θ has moved by it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.extend import Optimizer
from bpframe.training import updates
from tests.network.networks import samples

X, Y = samples(8)


class Late(Optimizer):
    """Moves by the gradient of the step before."""

    def initial_state(self, parameters):
        return {"waiting": np.zeros_like(parameters)}

    def update(self, gradient, state):
        return state["waiting"], {"waiting": -0.1 * gradient}


class LateByEntries(Late):
    """The same, block by block."""

    elementwise: ClassVar[bool] = True

    def update(self, gradient, state):
        return state["waiting"], {"waiting": -0.1 * gradient}


class LateInPart(Late):
    """The same, with a view of the state."""

    elementwise: ClassVar[bool] = True

    def update(self, gradient, state):
        return state["waiting"][:], {"waiting": -0.1 * gradient}


@pytest.mark.parametrize("rule", [Late(), LateByEntries(), LateInPart()])
@pytest.mark.parametrize("groups", [None, {"*.b": {}}])
@pytest.mark.parametrize("block", [1 << 20, 40])
def test_a_change_may_be_the_state_that_is_replaced(rule, groups, block, monkeypatch):
    monkeypatch.setattr(updates, "BLOCK_BYTES", block)
    net, expected = (
        bp.Network([Dense(units=4), Sigmoid(), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,)) for _ in "ab"
    )
    waiting = np.zeros_like(expected.parameters.vector)
    for _ in range(4):
        slope = expected.gradient(X, Y).vector
        expected.parameters.vector[:] += waiting
        waiting = -0.1 * slope
        net.train_step(X, Y, optimizer=rule, groups=groups)
    assert net.parameters.vector.tobytes() == expected.parameters.vector.tobytes()
