"""A node that makes very many calls is called: to record them takes longer than they save."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

from bpframe import Network
from bpframe.extend import Activation, Array, Diagonal, Operator, PositiveInt
from bpframe.replay.recorder import MOST_CALLS
from bpframe.replay.tape import Tape
from tests.components.lstm import LSTM
from tests.passes import step, training_steps

WHY = f"it makes more than {MOST_CALLS} calls: to record them takes longer than they save"


class Turned(Activation):
    """y = (−1)ᵏ x with k = `forwards`, by as many calls; the Jacobian takes `backwards`, with its product."""

    forwards: PositiveInt = 1
    backwards: PositiveInt = 3

    def forward(self, x: Array) -> Array:
        for _ in range(self.forwards):
            x = -x
        return x

    def jacobian(self, x: Array) -> Operator:
        slope = x * 0
        for _ in range(self.backwards - 3):
            slope = slope + 0
        return Diagonal(slope + (-1.0) ** self.forwards)


def steps(network: Network, count: int = 20) -> list[tuple[float, bytes]]:
    rng = np.random.default_rng(0)
    ((name, shape),) = network.graph.inputs.items()
    output, found = network.graph.outputs[0], []
    for _ in range(count):
        x, y = rng.standard_normal((4, *shape)), rng.standard_normal((4, *network.graph.shapes[output]))
        cost, gradient, _ = step(network, {name: x}, {output: y})
        found.append((cost, gradient.tobytes()))
        network.parameters.vector[:] -= np.frombuffer(found[-1][1]) / 100
    return found


def turned(**fields: Any) -> Network:
    return Network([Dense(units=3), Turned(**fields), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=1)


def segments(network: Network, name: str) -> dict[str, Any]:
    (program,) = training_steps(network)
    return {each.phase: each for each in program.record.segments if each.name == name}


@pytest.mark.parametrize("most", [8, 20])
def test_as_many_calls_as_may_be_are_recorded_and_not_one_more(most, monkeypatch) -> None:
    monkeypatch.setattr("bpframe.replay.recorder.MOST_CALLS", most)
    network = turned(forwards=most)
    steps(network)
    assert len(segments(network, "turned_1")["forward"].ops) == most
    assert not training_steps(network)[0].direct
    network = turned(forwards=most + 1)
    steps(network)
    assert all(each.direct and not each.ops for each in segments(network, "turned_1").values())
    assert f"more than {most} calls" in training_steps(network)[0].direct["turned_1"]


def test_each_direction_has_calls_of_its_own() -> None:
    many = MOST_CALLS + 1
    both = turned(forwards=MOST_CALLS - 50, backwards=MOST_CALLS - 50)
    steps(both)
    assert not training_steps(both)[0].direct
    for fields in ({"forwards": many}, {"backwards": many}):
        network = turned(**fields)
        steps(network)
        assert training_steps(network)[0].direct == {"turned_1": WHY}


@pytest.mark.parametrize("fields", [{"forwards": MOST_CALLS + 1}, {"backwards": MOST_CALLS + 1}, {"forwards": 5}])
def test_bytes_are_those_of_calling(fields, monkeypatch) -> None:
    found = steps(turned(**fields))
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    assert steps(turned(**fields)) == found


def test_what_is_recorded_of_a_long_loop_is_bounded(monkeypatch) -> None:
    """Counted over a whole training: the calls of 64 steps of time are 2,400 in each record of a pass."""
    recorded: list[str] = []
    add = Tape.add

    def counted(self: Tape, *args: Any, **keywords: Any) -> None:
        recorded.append(self.segments[-1].name)
        add(self, *args, **keywords)

    monkeypatch.setattr(Tape, "add", counted)
    network = Network([LSTM(units=2), Dense(units=2)], cost=QuadraticCost(), input_shape=(64, 2), seed=1)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((8, 64, 2)), rng.standard_normal((8, 64, 2))
    network.fit(x, y, optimizer=GradientDescent(learning_rate=0.01), epochs=60, batch_size=4)
    (program,) = training_steps(network)
    assert program.is_bound
    assert recorded.count("lstm_1") == MOST_CALLS + 1  # tried once, in the first record, and never again
    network.fit(x, y, optimizer=GradientDescent(learning_rate=0.01), epochs=60, batch_size=4)
    assert recorded.count("lstm_1") <= 2 * (MOST_CALLS + 1)


def test_the_plan_says_why_beside_each_called_node() -> None:
    network = Network([LSTM(units=2), Dense(units=2)], cost=QuadraticCost(), input_shape=(30, 2), seed=1)
    plan = network.step_plan(4)
    assert plan.direct == {"lstm_1": WHY}
    called = [each for each in plan.calls if each.node == "lstm_1"]
    assert [(each.phase, each.function, each.why) for each in called] == [("forward", "", WHY), ("backward", "", WHY)]
    assert all(not each.why for each in plan.calls if each.function)
    lines = [line for line in str(plan).splitlines() if "(the component)" in line]
    assert len(lines) == 2
    assert all(f"it makes more than {MOST_CALLS} calls" in line for line in lines)
