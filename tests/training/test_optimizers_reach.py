"""Optimizers do not reach what a network has; what no step does is not planned."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.errors import ContractError, DataError
from bpframe.extend import Optimizer
from tests.network.networks import chain


class Starts(Optimizer):
    def initial_state(self, parameters):
        parameters[...] = 0.0
        return {"sum": np.zeros_like(parameters)}

    def update(self, gradient, state):
        return -0.1 * gradient, state


class Keeps(Optimizer):
    """Keeps what it was handed, and what that is a view of."""

    def initial_state(self, parameters):
        kept.append(parameters)
        return {"sum": np.zeros_like(parameters)}

    def update(self, gradient, state, parameters):
        kept.extend([gradient, state["sum"], parameters])
        return -0.1 * gradient, {"sum": state["sum"] + gradient}


kept: list[np.ndarray] = []


def test_an_optimizer_that_writes_where_it_starts_is_refused() -> None:
    with pytest.raises(ContractError, match="initial_state writes into an array"):
        chain().fit(np.ones((5, 3)), np.ones((5, 2)), optimizer=Starts(), epochs=1)


def test_no_optimizer_can_unlock_what_it_is_handed() -> None:
    net = chain()
    kept.clear()
    net.fit(np.ones((5, 3)), np.ones((5, 2)), optimizer=Keeps(), epochs=2)
    before = net.parameters.vector.copy()
    for each in kept:
        array = each
        while isinstance(array, np.ndarray):
            with pytest.raises(ValueError):
                array.flags.writeable = True
            assert not array.flags.writeable
            array = array.base
    np.testing.assert_array_equal(net.parameters.vector, before)


def test_a_plan_of_steps_that_are_not_repeated_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    for ask in (chain().step_plan, chain().memory):
        with pytest.raises(DataError, match="BPFRAME_RECORD=off"):
            ask(5)
