"""A state is carried through repeated passes as through called ones, and its node is repeated."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm

import bpframe as bp
from bpframe.extend import Activation, Array, IdentityMap, Operator, State
from tests.passes import evaluations, training_steps

X = np.random.default_rng(0).normal(1.0, 2.0, (24, 3))
Y = np.random.default_rng(1).normal(size=(24, 2))


def network(*layers, dtype: str = "float64") -> bp.Network:
    return bp.Network([Dense(units=4), *layers, Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), dtype=dtype)


def trained(net: bp.Network) -> tuple[bytes, ...]:
    """Train, evaluate and train again; return every byte that the network holds, and what it predicts."""
    optimizer, found = GradientDescent(learning_rate=0.05), []
    for _ in range(3):
        for start in (0, 8, 16) * 4:
            net.train_step(X[start : start + 8], Y[start : start + 8], optimizer=optimizer)
            found.append(net.predict(X[:5]).tobytes())
    states = [array.tobytes() for node in net.state.values() for array in node.values()]
    return (net.parameters.vector.tobytes(), *states, *found)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_repeated_passes_leave_the_state_that_called_ones_do(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nets = [network(BatchNorm(), Sigmoid(), BatchNorm(momentum=0.5), dtype=dtype) for _ in range(2)]
    repeated = trained(nets[0])
    assert training_steps(nets[0])[0].direct == {}
    assert any(each.direct == {} for each in evaluations(nets[0]))
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    assert repeated == trained(nets[1])


class Counting(Activation):
    """y = x + c/1000, where c counts the passes of a training."""

    def initial_state(self) -> dict[str, State]:
        return {"count": State(()), "kept": State((2,), init=7.0)}

    def forward(self, x: Array, state: dict[str, Array], training: bool) -> tuple[Array, dict[str, Array]]:
        new = {"count": state["count"] + 1, "kept": state["kept"]} if training else state
        return x + 0.001 * state["count"], new

    def jacobian(self) -> Operator:
        return IdentityMap()


def test_a_state_that_stays_and_one_that_grows() -> None:
    net = network(Counting())
    trained(net)
    assert net.state["counting_1"]["count"] == 36
    assert np.array_equal(net.state["counting_1"]["kept"], [7.0, 7.0])


class OfNothing(Counting):
    """The same, with a state that does not come from what it was handed: it is called in every pass."""

    def forward(self, x: Array, state: dict[str, Array], training: bool) -> tuple[Array, dict[str, Array]]:
        return x, {"count": np.asarray(float(training), x.dtype), "kept": state["kept"]}


def test_a_state_that_comes_from_elsewhere_is_called_and_right() -> None:
    net = network(OfNothing())
    trained(net)
    assert net.state["of_nothing_1"]["count"] == 1
    assert "of_nothing_1" in training_steps(net)[0].direct


def test_the_plan_of_a_step_says_where_state_is_copied() -> None:
    plan = str(network(BatchNorm()).step_plan(8))
    assert plan.count("its state is copied") == 2
