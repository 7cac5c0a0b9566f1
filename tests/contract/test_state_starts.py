"""State starts from a number, from an array, or from a random stream of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense

import bpframe as bp
from bpframe.core.graph.randomness import stream
from bpframe.errors import ContractError
from bpframe.extend import Initializer, State
from bpframe.testing import check_component
from tests.components.carrying import TABLE, Carrying, Uniform


def network(dtype="float64", seed=0):
    return bp.Network([Dense(units=2), Carrying()], input_shape=(3,), dtype=dtype, seed=seed)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_state_starts_where_it_is_declared_in_the_networks_dtype(dtype):
    state = network(dtype, seed=3).state["carrying_1"]
    drawn = stream(3, "initialise", "carrying_1.drawn").random((2, 4)) / 2
    expected: dict[str, Any] = {"number": np.full(2, 3.0), "table": TABLE, "drawn": drawn, "scalar": np.array(0.5)}
    assert list(state) == list(expected)
    for name, array in expected.items():
        assert state[name].dtype == dtype
        np.testing.assert_array_equal(state[name], array.astype(dtype))


def test_an_array_is_copied():
    array = np.zeros(3)
    declared = State((3,), init=array)
    array[:] = 1
    np.testing.assert_array_equal(declared.init, np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        declared.init[:] = 1
    net = network()
    net.state["carrying_1"]["table"][:] = 0  # the network's own
    assert TABLE.any()
    assert network().state["carrying_1"]["table"].any()


def test_drawn_state_moves_no_other_stream():
    plain = bp.Network([Dense(units=2)], input_shape=(3,))
    assert plain.parameters.vector.tobytes() == network().parameters.vector.tobytes()


@pytest.mark.parametrize(
    ("init", "words"),
    [
        (np.zeros((3, 2)), "another shape"),
        (np.zeros(1), "another shape"),
        (np.array([[1, 2, np.nan]] * 2), "NaN"),
        (np.full((2, 3), 1j), "neither a number"),
        ("zero", "neither a number"),
        (True, "neither a number"),
        ([[0, 0, 0]] * 2, "neither a number"),
        (None, "neither a number"),
        (Uniform, "neither a number"),
    ],
    ids=str,
)
def test_what_no_state_can_start_from_is_refused(init, words):
    with pytest.raises(ContractError, match=words):
        State((2, 3), init=init)


def test_an_initializer_that_draws_another_shape_is_named():
    class Wrong(Initializer):
        def draw(self, shape, rng):
            return rng.random(7)

    class Layer1(Carrying):
        def initial_state(self, shape):
            return {"drawn": State((2,), init=Wrong())}

    with pytest.raises(ContractError, match=r"Wrong.draw returned another shape for 'layer1_1.drawn'"):
        bp.Network([Layer1()], input_shape=(3,))


def test_the_kit_takes_such_state():
    report = check_component(Carrying(), [(3,)])
    assert report.ok, str(report)
