"""Parameters may have other fields of the optimizer by pattern, and a rule may work parameter by parameter."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.core.graph.randomness import stream
from bpframe.documents import RunSpec, TrainingSpec, resolve_spec, spec_document
from bpframe.errors import ContractError, ShapeMismatch, SpecError
from bpframe.extend import NonNegativeFloat, Optimizer, PositiveFloat, Schedule
from bpframe.plugins import default_registry
from bpframe.training import updates
from bpframe.training.parts import parameter_parts
from tests.network.networks import samples
from tests.training.rules import Adam

X, Y = samples(13)


class Decaying(Optimizer):
    """Momentum, with weight decay."""

    elementwise: ClassVar[bool] = True

    learning_rate: PositiveFloat | Schedule = 0.1
    decay: NonNegativeFloat = 0.0

    def initial_state(self, parameters):
        return {"velocity": np.zeros_like(parameters)}

    def update(self, gradient, parameters, state, learning_rate):
        velocity = 0.9 * state["velocity"] - learning_rate * (gradient + self.decay * parameters)
        return velocity, {"velocity": velocity}


class Whole(Decaying):
    """The same, not by entries: a step as long as the learning rate."""

    elementwise: ClassVar[bool] = False

    def update(self, gradient, parameters, state, learning_rate):
        slope = gradient + self.decay * parameters
        velocity = 0.9 * state["velocity"] - learning_rate * slope / np.linalg.norm(slope)
        return velocity, {"velocity": velocity}


class Halving(Schedule):
    """Half as much in every epoch."""

    start: PositiveFloat = 0.2

    def value(self, epoch):
        return self.start / 2**epoch


class Lars(Optimizer):
    """Each parameter moves by a share of its own length: Y. You, I. Gitman and B. Ginsburg, arXiv:1708.03888."""

    learning_rate: PositiveFloat = 0.05

    def update(self, gradient, parameters, groups, out):
        for part in groups.values():
            slope, values = part.of(gradient), part.of(parameters)
            part.of(out)[...] = -self.learning_rate * np.linalg.norm(values) / np.linalg.norm(slope) * slope
        return out


def network(dtype="float64", **fields):
    layers = [Dense(units=4), Sigmoid(), Dense(units=3), Sigmoid(), Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), dtype=dtype, **fields)


def fitted(optimizer, groups, epochs=3, net=None, **fields):
    net = network() if net is None else net
    net.fit(X, Y, optimizer=optimizer, groups=groups, epochs=epochs, batch_size=5, **fields)
    return net


def by_hand(rule, fields_of, norms=False):
    """Return the parameters after three epochs, each path moved by formulas of its own with its fields."""
    net, steps = network(), network()
    velocity = {path: np.zeros(view.shape) for path, view in net.parameters.items()}
    groups: dict[tuple, list[str]] = {}
    for path in net.parameters:
        groups.setdefault(fields_of(path), []).append(path)
    order = stream(0, "training", "order of examples")
    for _ in range(3):
        shuffled = order.permutation(13)
        for start in range(0, 13, 5):
            rows = shuffled[start : start + 5]
            gradient = steps.gradient(X[rows], Y[rows])
            for (rate, decay), paths in groups.items():
                slopes = {path: gradient[path] + decay * steps.parameters[path] for path in paths}
                norm = np.sqrt(sum((each**2).sum() for each in slopes.values())) if norms else 1.0
                for path, slope in slopes.items():
                    velocity[path] = 0.9 * velocity[path] - rate * slope / norm
                    steps.parameters[path] = steps.parameters[path] + velocity[path]
    return steps.parameters.vector


@pytest.mark.parametrize("rule", [Decaying, Whole])
@pytest.mark.parametrize("block", [1 << 20, 40])
def test_each_group_moves_by_its_own_fields(monkeypatch, rule, block):
    monkeypatch.setattr(updates, "BLOCK_BYTES", block)
    groups = {"dense_2.*": {"learning_rate": 0.02}, "*.b": {"learning_rate": 0.01, "decay": 0.0}}
    net = fitted(rule(decay=0.3), groups)

    def fields_of(path):
        return (0.02, 0.3) if path.startswith("dense_2.") else (0.01, 0.0) if path.endswith(".b") else (0.1, 0.3)

    expected = by_hand(rule, fields_of, norms=rule is Whole)
    np.testing.assert_allclose(net.parameters.vector, expected, rtol=1e-12, atol=1e-14)
    state = net.optimizer_state
    assert {name: array.shape for name, array in state.items()} == {
        "dense_2.*/velocity": (15,), "*.b/velocity": (6,), "velocity": (18,)
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_groups_that_change_nothing_change_no_byte(dtype):
    plain = fitted(Adam(), None, net=network(dtype))
    grouped = fitted(Adam(), {"*.b": {"learning_rate": 0.01}, "dense_?.w": {}}, net=network(dtype))
    assert plain.parameters.vector.tobytes() == grouped.parameters.vector.tobytes()
    assert grouped.parameters.vector.dtype == dtype


def test_fits_of_one_epoch_and_single_steps_go_on_with_groups_and_schedules():
    groups = {"*.b": {"learning_rate": Halving(start=0.4)}, "dense_3.w": {"learning_rate": 0.01}}
    optimizer = Decaying(learning_rate=Halving())
    whole = fitted(optimizer, groups, epochs=4)
    parts, steps = network(), network()
    for _ in range(4):
        fitted(optimizer, groups, epochs=1, net=parts)
    assert parts.parameters.vector.tobytes() == whole.parameters.vector.tobytes()
    assert parts.optimizer_state == whole.optimizer_state
    ordered, straight = network(), network()
    ordered.fit(X, Y, optimizer=optimizer, groups=groups, epochs=3, batch_size=13, shuffle=False)
    for epoch in range(3):
        straight.train_step(X, Y, optimizer=optimizer, groups=groups, epoch=epoch)
        steps.train_step(X, Y, optimizer=optimizer, groups=groups)
    assert ordered.parameters.vector.tobytes() == straight.parameters.vector.tobytes()
    assert not np.array_equal(steps.parameters.vector, straight.parameters.vector)


def test_a_schedule_is_told_the_steps_and_epochs_of_all_fits():
    seen = []

    class Watching(Schedule):
        pure: ClassVar[bool | None] = False

        def value(self, step, epoch):
            seen.append((step, epoch))
            return 0.1

    optimizer, net = Decaying(learning_rate=Watching()), network()
    for epochs in (1, 2):
        net.fit(X, Y, optimizer=optimizer, epochs=epochs, batch_size=7)
    net.train_step(X, Y, optimizer=optimizer, epoch=9)
    told = list(dict.fromkeys(seen))  # the record of an epoch asks once more
    assert told == [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (6, 9)]


@pytest.mark.parametrize("value", [np.nan, "fast", None, np.array([0.1, 0.2])], ids=str)
def test_a_schedule_without_a_number_is_named(value):
    class Wrong(Schedule):
        pure: ClassVar[bool | None] = False

        def value(self):
            return value

    net = network()
    theta = net.parameters.vector.copy()
    with pytest.raises(ContractError, match="schedule 'wrong'"):
        net.fit(X, Y, optimizer=Decaying(learning_rate=Wrong()), epochs=1)
    np.testing.assert_array_equal(net.parameters.vector, theta)


MISTAKES = {
    "no parameter": ({"dense_9.w": {"decay": 1.0}}, ["groups", "'dense_9.w' matches no parameter"]),
    "none left": ({"*": {}, "*.b": {}}, ["'*.b' has no parameter of its own", "narrower"]),
    "no field": ({"*.b": {"decai": 1.0}}, ["groups", "*.b", "decai", "is not a field of Decaying", "decay"]),
    "no such value": ({"*.b": {"decay": -1.0}}, ["groups", "*.b", "decay", "-1.0"]),
    "no mapping": ({"*.b": 0.1}, ["groups", "*.b", "0.1"]),
    "no groups": ([1], ["groups"]),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("step", [False, True])
def test_mistakes_are_named_before_anything_changes(name, step):
    groups, words = MISTAKES[name]
    net = network()
    theta = net.parameters.vector.copy()
    train = net.train_step if step else net.fit
    with pytest.raises(SpecError) as caught:
        train(X, Y, optimizer=Decaying(), groups=groups)
    for word in words:
        assert word in str(caught.value)
    np.testing.assert_array_equal(net.parameters.vector, theta)
    assert net.history is None
    assert net.optimizer_state is None


def test_a_method_that_drives_itself_has_no_groups():
    with pytest.raises(SpecError, match="lbfgs drives itself"):
        network().fit(X, Y, optimizer=LBFGS(), groups={"*.b": {"memory": 3}})


def test_parameters_that_the_user_sets_between_steps_are_where_the_next_one_begins():
    plain, grouped = network(), network()
    for net, groups in ((plain, None), (grouped, {"*.b": {}})):
        net.train_step(X, Y, optimizer=Decaying(decay=0.1), groups=groups)
        net.parameters.vector[:] = 0.25
        net.train_step(X, Y, optimizer=Decaying(decay=0.1), groups=groups)
    assert plain.parameters.vector.tobytes() == grouped.parameters.vector.tobytes()


def test_frozen_parameters_are_in_no_group():
    net = network(frozen="dense_1.*")
    before = net.frozen_parameters.vector.copy()
    fitted(Decaying(), {"*.b": {"learning_rate": 0.01}}, net=net)
    np.testing.assert_array_equal(net.frozen_parameters.vector, before)
    assert net.optimizer_state["*.b/velocity"].shape == (5,)
    with pytest.raises(SpecError, match="matches no parameter"):
        fitted(Decaying(), {"dense_1.b": {"learning_rate": 0.01}}, net=net)


def test_specs_hold_groups_and_components_in_them():
    registry = default_registry().with_components("local", [Decaying, Halving])
    document = {
        "network": {"input_shape": [3], "layers": [{"kind": "dense", "units": 2}], "cost": {"kind": "quadratic"}},
        "training": {
            "optimizer": {"kind": "decaying", "decay": 0.1},
            "groups": {"*.b": {"learning_rate": {"kind": "halving", "start": 0.5}, "decay": 0}},
        },
    }
    spec = resolve_spec(document, registry)
    assert spec.training.groups == {"*.b": {"learning_rate": Halving(start=0.5), "decay": 0.0}}
    again = resolve_spec(spec_document(spec, registry), registry)
    assert again == spec
    plain = RunSpec(network=spec.network, training=TrainingSpec(optimizer=Decaying()))
    assert "groups" not in spec_document(plain, registry)["training"]


def test_a_rule_that_works_by_parameter_gets_their_places():
    net, hand = network(), network()
    for _ in range(3):
        gradient = hand.gradient(X, Y)
        net.train_step(X, Y, optimizer=Lars())
        for path, slope in gradient.items():
            values = hand.parameters[path]
            change = -0.05 * np.linalg.norm(values) / np.linalg.norm(slope) * slope
            hand.parameters[path] = values + change
    np.testing.assert_allclose(net.parameters.vector, hand.parameters.vector, rtol=1e-13)


def test_such_a_rule_sees_the_parameters_of_its_group():
    seen = []

    class Looking(Lars):
        pure: ClassVar[bool | None] = False

        def update(self, gradient, groups):
            seen.append({path: part.of(gradient).shape for path, part in groups.items()})
            return 0 * gradient

    network().train_step(X, Y, optimizer=Looking(), groups={"*.b": {}})
    assert seen == [
        {"dense_1.b": (4,), "dense_2.b": (3,), "dense_3.b": (2,)},
        {"dense_1.w": (4, 3), "dense_2.w": (3, 4), "dense_3.w": (2, 3)},
    ]


def test_a_part_of_another_vector_is_refused():
    with pytest.raises(ShapeMismatch, match="another vector"):
        parameter_parts({"w": (2, 3)})["w"].of(np.zeros(7))


def test_elementwise_rules_have_no_places():
    class Both(Lars):
        elementwise: ClassVar[bool] = True

    with pytest.raises(ContractError, match="elementwise, and its update asks for `groups`"):
        network().fit(X, Y, optimizer=Both())


def test_groups_of_gradient_descent():
    net = fitted(GradientDescent(learning_rate=0.1), {"*.b": {"learning_rate": 1e-9}})
    fresh = network()
    np.testing.assert_allclose(net.parameters["dense_1.b"], fresh.parameters["dense_1.b"], atol=1e-6)
    assert not np.allclose(net.parameters["dense_1.w"], fresh.parameters["dense_1.w"], atol=1e-4)
