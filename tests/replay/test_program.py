"""Bound calls compute what a first pass computes, to the last bit, for any component."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Add, Dense, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.core.backprop.called_pass import CalledPass, Wanted
from bpframe.extend import Activation, Diagonal, IdentityMap
from bpframe.machine import lanes
from bpframe.replay import binding
from tests.contract.cases import CASES
from tests.derivatives.zoo import ZOO
from tests.passes import programs, step, training_steps

STEPS = 20


def run(network, batches, step):
    """The costs and gradients of several passes; each step moves the parameters."""
    engine = network._engine
    found = []
    for inputs, targets in batches:
        cost, gradient, workspace = step(network, inputs, targets)
        found += [np.array(cost), gradient]
        engine.parameters.vector -= 0.02 * gradient
        if engine.plan.state_slots:
            engine.state = workspace.new_state()
    return found


def checked(network, inputs, targets):
    """A first pass, which checks what components return."""
    engine = network._engine
    gradient = engine.parameters.like()
    batch = len(next(iter(inputs.values())))
    workspace = engine.new_workspace(batch, "training", gradient=gradient)
    cost = CalledPass(workspace, True, Wanted.GRADIENT).run(inputs, targets, 1.0 / batch)
    return cost, gradient.vector, workspace


def batches(network, x, y, fixed):
    """Arrays that change in place, as the trainer's do, or new ones in every pass."""
    inputs, targets = network._samples(x, y)
    given: dict[str, np.ndarray] = {}
    for number in range(STEPS):
        scale = 1 + 0.1 * (number % 3)
        moved = {name: a if a.dtype.kind == "i" else (a * scale).astype(a.dtype) for name, a in inputs.items()}
        if fixed and number:
            for name, array in moved.items():
                given[name][...] = array
        else:
            given = moved
        yield given, targets


@pytest.mark.parametrize("fixed", [False, True], ids=["new arrays", "arrays that stay"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_every_network_to_the_last_bit(example, dtype, fixed) -> None:
    assert any(each.is_bound for each in same(lambda: example.make(dtype), *example.data(dtype=dtype), fixed))


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.name)
def test_every_component_in_training(case) -> None:
    assert any(each.is_bound for each in same(case.trainable, case.x(4), np.ones((4, 2)), fixed=True))


def same(make, x, y, fixed) -> None:
    one, other = make(), make()
    ours = run(one, batches(one, x, y, fixed), step)
    expected = run(other, batches(other, x, y, fixed), checked)
    assert [each.tobytes() for each in ours] == [each.tobytes() for each in expected]
    return training_steps(one)


class Fickle(Activation):
    """Returns its buffer, an array of its own, a view of the buffer and the input in turn."""

    def forward(self, x, saved, out):
        saved["turn"] = turn = int(abs(x[0, 0]) * 10) % 4
        np.copyto(out, x)
        return (out, out.copy(), out[:], x)[turn]

    def jacobian(self, x, saved):
        return Diagonal(np.full_like(x, 1 + saved["turn"]))


def test_a_component_that_returns_another_array_each_time() -> None:
    def make():
        return bp.Network([Dense(units=3), Fickle(), Dense(units=2)], cost=QuadraticCost(), input_shape=(2,), seed=3)

    rng = np.random.default_rng(0)
    same(make, rng.random((4, 2)), rng.random((4, 2)), fixed=True)


def test_training_and_evaluation_have_programs_of_their_own() -> None:
    case = next(each for each in CASES if each.name == "dropout")
    network = case.trainable()
    x, y = case.x(4), np.ones((4, 2))
    first = network.gradient(x, y)
    for _ in range(3):
        dropped = network.gradient(x, y, training=True)
        assert np.abs(dropped.vector - first.vector).max() > 1e-6
        np.testing.assert_array_equal(network.gradient(x, y).vector, first.vector)


class Breaks(Activation):
    """Fails after some passes, in the method that `where` names."""

    pure: ClassVar[bool | None] = False

    where: str
    _left: int = 3

    def forward(self, x, out):
        self._fail("forward")
        np.copyto(out, x)
        return out

    def jacobian(self, y):
        self._fail("jacobian")
        return Diagonal(np.ones_like(y))

    def _fail(self, method):
        if method == self.where:
            object.__setattr__(self, "_left", self._left - 1)
            if self._left < 0:
                raise ValueError("worn out")


@pytest.mark.parametrize("where", ["forward", "jacobian"])
def test_a_late_failure_names_the_node(where) -> None:
    nodes = {"a": bp.node(Dense(units=2), "x"), "b": bp.node(Breaks(where=where), "a"), "c": bp.node(Sigmoid(), "b")}
    nodes["d"] = bp.node(Add(), "c", "a")
    network = bp.Network(inputs={"x": (2,)}, nodes=nodes, cost=QuadraticCost())
    x, y = np.ones((3, 2)), np.ones((3, 2))
    while network.graph.by_name["b"].component._left:
        network.gradient(x, y)
    assert programs(network)
    with pytest.raises(bp.errors.ContractError, match=rf"'b' \(breaks\): {where} failed: ValueError: worn out"):
        network.gradient(x, y)


def test_a_bounded_number_of_sizes_is_kept(monkeypatch) -> None:
    monkeypatch.setattr(lanes, "KEPT_SMALL", 5)
    network = bp.Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(2,))
    for batch in range(1, 12):
        for _ in range(2):
            network.gradient(np.ones((batch, 2)), np.ones((batch, 2)))
    assert len(programs(network)) <= lanes.KEPT_SMALL


def test_a_record_that_leaves_other_bytes_is_not_relied_on(monkeypatch) -> None:
    """Were a call ever bound to something else than was recorded, components would be called as they are."""

    def wrong(function, operands, keywords):
        return np.subtract if function is np.add and operands[1].ndim == 1 else function

    monkeypatch.setattr(binding, "_cheapest", wrong)

    def make():
        return bp.Network([Dense(units=3), Sigmoid(), Dense(units=2)], cost=QuadraticCost(), input_shape=(2,), seed=3)

    rng = np.random.default_rng(0)
    same(make, rng.random((4, 2)), rng.random((4, 2)), fixed=True)
    network = make()
    for _ in range(12):
        network.gradient(rng.random((4, 2)), rng.random((4, 2)))
    (program,) = programs(network)
    assert not program.is_bound
    assert program.refused == "its network gave another result when repeated"


class Random(Activation):
    """Adds noise that it did not ask for, so that no two passes are alike."""

    def forward(self, x):
        return x + np.random.default_rng().normal(size=x.shape)

    def jacobian(self):
        return IdentityMap()


def test_numbers_that_differ_from_pass_to_pass_are_not_recorded() -> None:
    network = bp.Network([Dense(units=3), Random(), Dense(units=2)], cost=QuadraticCost(), input_shape=(2,))
    x, y = np.ones((4, 2)), np.ones((4, 2))
    found = [network.gradient(x, y).vector.copy() for _ in range(12)]
    assert len({each.tobytes() for each in found}) == 12
    (program,) = programs(network)
    assert set(program.direct) == {"random_1"}


def test_one_array_for_inputs_and_targets(monkeypatch) -> None:
    def make():
        return bp.Network([Dense(units=2), Sigmoid()], cost=QuadraticCost(), input_shape=(2,), seed=3)

    x = np.random.default_rng(0).random((5, 2))
    one = make()
    found = [one.gradient(x, x).vector.copy() for _ in range(6)]
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    expected = make().gradient(x, x.copy()).vector
    assert all(each.tobytes() == expected.tobytes() for each in found)


def test_arrays_with_gaps() -> None:
    def make():
        return bp.Network([Dense(units=2), Sigmoid()], cost=QuadraticCost(), input_shape=(3,), seed=3)

    wide = np.random.default_rng(0).random((10, 6))
    x, y = wide[::2, ::2], wide[:5, 3:5]
    network = make()
    found = [network.gradient(x, y).vector.copy() for _ in range(6)]
    expected = make().gradient(x.copy(), y.copy()).vector
    np.testing.assert_allclose(found, [expected] * 6, rtol=1e-14)


def test_recording_can_be_turned_off(monkeypatch) -> None:
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    network = bp.Network([Dense(units=2), Sigmoid()], cost=QuadraticCost(), input_shape=(3,))
    for _ in range(4):
        network.gradient(np.ones((2, 3)), np.ones((2, 2)))
    (program,) = programs(network)
    assert not program.is_bound


class Printing(Activation):
    """Shows numbers while somebody looks for a mistake."""

    def forward(self, x):
        print(f"largest {x.max():.2f}")
        return x * 1

    def jacobian(self, x):
        return Diagonal(np.ones_like(x))


def test_a_component_that_prints_numbers_goes_on_printing(capsys) -> None:
    network = bp.Network([Dense(units=3), Printing()], cost=QuadraticCost(), input_shape=(2,))
    for _ in range(9):
        network.gradient(np.ones((4, 2)), np.ones((4, 3)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert len(set(lines)) == 1
    assert "Recorded" not in lines[0]
