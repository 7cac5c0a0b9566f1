"""What an optimizer carries lasts from one training to the next: four fits of one epoch are one of four."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout

import bpframe as bp
from bpframe.core.graph.randomness import stream
from bpframe.errors import ConcurrencyError, ContractError, DataError, NonFiniteError, SpecError
from bpframe.extend import Optimizer
from bpframe.training.optimizer_state import OptimizerState
from tests.network.networks import samples
from tests.training.everything import everything
from tests.training.rules import Adam, Drawing, Swapping

X, Y = samples(14)
RULES = {"adam": Adam(), "drawing": Drawing(), "swapping": Swapping(), "descent": GradientDescent(learning_rate=0.1)}


def network(dtype="float64", seed=0):
    layers = [Dense(units=4), BatchNorm(), Dropout(rate=0.3), Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), dtype=dtype, seed=seed)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_four_fits_of_one_epoch_are_one_fit_of_four(rule, dtype):
    options = {"optimizer": RULES[rule], "batch_size": 4, "validation_data": samples(5, seed=3)}
    whole, parts = network(dtype), network(dtype)
    whole.fit(X, Y, epochs=4, **options)
    for _ in range(4):
        parts.fit(X, Y, epochs=1, **options)
    assert everything(parts) == everything(whole)
    assert parts.optimizer_state == whole.optimizer_state
    assert (whole.optimizer_state.step, whole.optimizer_state.epoch) == (16, 4)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["copy", "pickle"])
def test_copies_go_on_as_the_network_does(rule, copied):
    net = network()
    net.fit(X, Y, optimizer=RULES[rule], epochs=2, batch_size=4)
    other = copied(net)
    assert everything(other) == everything(net)
    for each in (net, other):
        each.fit(X, Y, optimizer=RULES[rule], epochs=2, batch_size=4)
    assert everything(other) == everything(net)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("size", [4, 14])
def test_single_steps_on_the_same_batches_are_a_fit(rule, dtype, size):
    whole, steps = network(dtype), network(dtype)
    history = whole.fit(X, Y, optimizer=RULES[rule], epochs=3, batch_size=size)
    shuffling = stream(0, "training", "order of examples")
    for epoch in range(3):
        order, total = shuffling.permutation(14), 0.0
        for start in range(0, 14, size):
            rows = order[start : start + size]
            total += len(rows) * steps.train_step(X[rows], Y[rows], optimizer=RULES[rule], epoch=epoch)
        assert total / 14 == pytest.approx(history.epochs[epoch].cost, rel=1e-12 if dtype == "float64" else 1e-5)
    one, other = everything(whole), everything(steps)
    for each in (one, other):
        del each["history"]
        each["streams"].pop(("order of examples", "training"), None)
    assert one.pop("counts") == (RULES[rule].kind, whole.history.steps, 3)
    assert other.pop("counts") == (RULES[rule].kind, whole.history.steps, 2)
    assert one == other


def test_a_weighted_step_is_a_weighted_fit():
    weights = np.arange(14.0)
    layers = [Dense(units=4), Dense(units=2)]
    fitted, stepped = (bp.Network(layers, input_shape=(3,), cost=QuadraticCost()) for _ in range(2))
    for _ in range(3):
        before = stepped.cost(X, Y, sample_weight=weights)
        cost = stepped.train_step(X, Y, optimizer=Adam(), sample_weight=weights)
        assert cost == pytest.approx(before, rel=1e-12)
    fitted.fit(X, Y, optimizer=Adam(), epochs=3, batch_size=14, shuffle=False, sample_weight=weights)
    assert fitted.parameters.vector.tobytes() == stepped.parameters.vector.tobytes()


def test_a_network_without_parameters_takes_steps_that_move_nothing():
    net = bp.Network([Sigmoid()], input_shape=(3,), cost=QuadraticCost())
    y = np.zeros_like(X)
    for rule in (Adam(), GradientDescent(learning_rate=1.0)):
        assert net.fit(X, y, optimizer=rule, epochs=2, batch_size=5).steps
        assert net.train_step(X, y, optimizer=rule) == pytest.approx(net.cost(X, y))


@pytest.mark.parametrize("wrong", [{"optimizer": "nowhere"}, {"epoch": -1}, {"epoch": 0.5}, {"groups": 3}], ids=str)
def test_a_step_that_is_not_understood_changes_nothing(wrong):
    net = network()
    before = everything(net)
    with pytest.raises((SpecError, DataError)):
        net.train_step(X, Y, **{"optimizer": Adam(), **wrong})
    assert everything(net) == before


def test_hooks_see_and_save_what_the_optimizer_carries(monkeypatch, tmp_path):
    seen = []

    def listening(hook):
        def tell(network, epoch, history):
            seen.append(network.optimizer_state.step)
            network.save(tmp_path / f"run{epoch}")
            for change in (
                lambda: setattr(network, "optimizer_state", None),
                lambda: network.train_step(X, Y, optimizer=Adam()),
            ):
                with pytest.raises(ConcurrencyError):
                    change()

        return tell

    monkeypatch.setattr("bpframe.trainable.fitting.listeners", listening)
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    with pytest.warns(UserWarning, match="no installed plugin set"):
        net.fit(X, Y, optimizer=Adam(), epochs=3, batch_size=7)
    assert seen == [2, 4, 6]
    again = bp.load(tmp_path / "run2", components=[Adam])
    assert again.optimizer_state.step == 4


def test_fit_goes_on_from_single_steps_and_they_from_it():
    mixed, steps = network(), network()
    for net in (mixed, steps):
        net.train_step(X[:4], Y[:4], optimizer=Adam())
    mixed.fit(X[4:8], Y[4:8], optimizer=Adam(), epochs=1, batch_size=4, shuffle=False)
    steps.train_step(X[4:8], Y[4:8], optimizer=Adam())
    for net in (mixed, steps):
        net.predict(X)
        net.train_step(X[8:], Y[8:], optimizer=Adam(learning_rate=0.5))
    assert mixed.parameters.vector.tobytes() == steps.parameters.vector.tobytes()
    assert mixed.optimizer_state["m"].tobytes() == steps.optimizer_state["m"].tobytes()
    assert mixed.optimizer_state.step == steps.optimizer_state.step == 3


def test_there_is_none_before_the_first_step_and_none_of_a_method():
    net = network()
    assert net.optimizer_state is None
    net.train_step(X, Y, optimizer=Adam())
    assert list(net.optimizer_state) == ["m", "v"]
    smooth = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    smooth.fit(X, Y, optimizer=Adam(), epochs=1)
    smooth.fit(X, Y, optimizer=LBFGS(), epochs=1)
    assert smooth.optimizer_state is None


def test_what_is_read_is_a_copy():
    net = network()
    net.train_step(X, Y, optimizer=Adam())
    state = net.optimizer_state
    before = copy.deepcopy(state)
    with pytest.raises(ValueError, match="read-only"):
        state["m"][:] = 0
    net.train_step(X, Y, optimizer=Adam())
    assert state == before != net.optimizer_state
    assert state.step == 1
    assert "adam, step 1, epoch 0, {m: (" in repr(state)
    with pytest.raises(KeyError, match=r"no state 'n'"):
        state["n"]


def test_another_learning_rate_goes_on_and_another_kind_starts_anew():
    net = network()
    net.fit(X, Y, optimizer=Adam(), epochs=1, batch_size=4)
    net.fit(X, Y, optimizer=Adam(learning_rate=0.5), epochs=1, batch_size=4)
    assert net.optimizer_state.step == 8
    net.fit(X, Y, optimizer=Swapping(), epochs=1, batch_size=4)
    assert (net.optimizer_state.optimizer, net.optimizer_state.step) == ("swapping", 4)
    net.fit(X, Y, optimizer=Adam(), epochs=1, batch_size=4)
    assert net.optimizer_state.step == 4


def test_none_starts_anew_and_a_state_that_was_read_is_gone_back_to():
    net = network()
    net.fit(X, Y, optimizer=Adam(), epochs=1, batch_size=4)
    kept, theta = net.optimizer_state, net.parameters.vector.copy()
    first = net.train_step(X, Y, optimizer=Adam())
    after = net.parameters.vector.copy()
    net.parameters.vector[:] = theta
    net.optimizer_state = kept
    assert net.optimizer_state == kept
    other = copy.deepcopy(net)
    fresh = bp.Network([Dense(units=4), BatchNorm(), Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    assert fresh.parameters.vector.size == theta.size  # a network of its own takes what fits
    fresh.optimizer_state = kept
    fresh.train_step(X, Y, optimizer=Adam())
    assert fresh.optimizer_state.step == 5
    other.optimizer_state = None
    other.train_step(X, Y, optimizer=Adam())
    assert other.optimizer_state.step == 1
    assert first > 0
    assert not np.array_equal(after, theta)


def test_a_state_that_was_set_and_does_not_fit_is_refused():
    net = network()
    theta = net.parameters.vector.copy()
    net.optimizer_state = OptimizerState("adam", {"m": np.zeros(2), "v": np.zeros(2)}, step=3)
    for train in (
        lambda: net.train_step(X, Y, optimizer=Adam()),
        lambda: net.fit(X, Y, optimizer=Adam(), epochs=1),
        lambda: net.fit(X, Y, optimizer=Swapping(), epochs=1),
    ):
        with pytest.raises(DataError, match="was set does not fit"):
            train()
    np.testing.assert_array_equal(net.parameters.vector, theta)
    net.optimizer_state = None
    net.fit(X, Y, optimizer=Adam(), epochs=1)


class Counting(Optimizer):
    """Gradient descent that counts."""

    def initial_state(self, parameters):
        return {"count": np.zeros((), np.int64), "last": np.zeros_like(parameters)}

    def update(self, gradient, state):
        return -0.1 * gradient, {"count": state["count"] + 1, "last": gradient}


def test_a_count_with_a_fraction_does_not_fit():
    net = network()
    net.fit(X, Y, optimizer=Counting(), epochs=1)
    state = net.optimizer_state
    net.optimizer_state = OptimizerState(state.optimizer, {**state, "count": np.array(1.5)}, state.step, state.epoch)
    with pytest.raises(DataError, match="was set does not fit"):
        net.train_step(X, Y, optimizer=Counting())


@pytest.mark.parametrize("wrong", [{"m": np.zeros(3)}, 3, "adam"], ids=str)
def test_what_is_no_state_cannot_be_set(wrong):
    with pytest.raises(DataError, match="no state of an optimizer"):
        network().optimizer_state = wrong


@pytest.mark.parametrize(
    "fields",
    [
        {"arrays": {"m": "text"}},
        {"arrays": {1: np.zeros(3)}},
        {"arrays": [1]},
        {"arrays": {}, "step": -1},
        {"arrays": {}, "step": 1.5},
        {"arrays": {}, "epoch": True},
    ],
    ids=str,
)
def test_a_state_of_something_else_cannot_be_made(fields):
    with pytest.raises(DataError):
        OptimizerState("adam", **fields)


def test_threads_are_refused_as_in_fit():
    net = network()
    with net._engine.training():
        for ask in (
            lambda: net.train_step(X, Y, optimizer=Adam()),
            lambda: setattr(net, "optimizer_state", None),
        ):
            with pytest.raises(ConcurrencyError):
                ask()


class Leaping(Optimizer):
    """Leaves the floating-point numbers in its fourth step."""

    def initial_state(self, parameters):
        return {"sum": np.zeros_like(parameters)}

    def update(self, gradient, state, step):
        return (np.finfo(gradient.dtype).max if step == 3 else 0.1) * -np.ones_like(gradient), {"sum": state["sum"] + 1}


@pytest.mark.parametrize("broken", ["step", "update", "cost"])
def test_a_step_that_cannot_be_taken_leaves_everything_as_it_was(broken):
    class Rule(Leaping):
        kind = "rule"

        def update(self, gradient, state, step):
            if broken == "update" and step == 3:
                raise ValueError("no")
            return super().update(gradient, state, step if broken == "step" else 0)

    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    net.parameters.vector[:] = -1.0
    rule = Rule()
    for _ in range(3):
        net.train_step(X, Y, optimizer=rule)
    before = everything(net)
    x = X * 1e200 if broken == "cost" else X
    if broken == "step":
        net.parameters.vector[:] = -1e308
        before = everything(net)
    with pytest.raises(ContractError if broken == "update" else NonFiniteError) as caught:
        net.train_step(x, Y, optimizer=rule)
    assert everything(net) == before
    assert "step" in str(caught.value) or broken == "update"


def test_a_first_step_that_fails_leaves_the_state_of_another_optimizer():
    net = network()
    with pytest.raises(NonFiniteError):
        net.train_step(X, Y * 1e200, optimizer=Adam())
    assert net.optimizer_state is None
    net.train_step(X, Y, optimizer=Adam())
    before = everything(net)
    for rule in (Swapping(), Adam(learning_rate=0.5), Adam()):
        with pytest.raises(NonFiniteError):
            net.train_step(X, Y * 1e200, optimizer=rule, epoch=7)
        after = everything(net)
        for each in (before, after):
            each.pop("streams", None)
        assert after == before
    net.train_step(X, Y, optimizer=Adam())
    assert (net.optimizer_state.step, net.optimizer_state.epoch) == (2, 0)


def test_a_training_that_leaves_the_numbers_goes_back_with_its_state():
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    net.fit(X, Y, optimizer=Leaping(), epochs=1, batch_size=7)
    before = everything(net)
    net.parameters.vector[:] = -1e308
    theta = net.parameters.vector.copy()
    with pytest.raises(NonFiniteError):
        net.fit(X * 1e-250, Y, optimizer=Leaping(), epochs=1, batch_size=7, shuffle=False)
    np.testing.assert_array_equal(net.parameters.vector, theta)
    assert everything(net)["optimizer"] == before["optimizer"]


def test_a_method_that_minimises_takes_no_single_steps():
    with pytest.raises(bp.errors.TrainingError, match="drives itself"):
        network().train_step(X, Y, optimizer=LBFGS())


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"m": np.full(3, np.nan)}, "NaN in 'm'"),
        ({"m": "text"}, "no numbers in 'm'"),
        ({"m": [[1], [1, 2]]}, "."),
        ({2: np.zeros(3)}, "a name that is no text"),
        (np.zeros(3), "no mapping"),
    ],
    ids=str,
)
def test_what_no_state_can_begin_with_is_refused(state, words):
    class Rule(Optimizer):
        def initial_state(self):
            return state

        def update(self, gradient, state):
            return gradient, state

    net = network()
    theta = net.parameters.vector.copy()
    with pytest.raises(ContractError, match=words):
        net.fit(X, Y, optimizer=Rule(), epochs=1)
    np.testing.assert_array_equal(net.parameters.vector, theta)


@pytest.mark.parametrize("value", [np.zeros(4), np.zeros((), complex), np.zeros(2)], ids=lambda each: str(each.shape))
def test_state_stays_as_it_was_declared(value):
    class Rule(Optimizer):
        def initial_state(self):
            return {"m": np.zeros(3)}

        def update(self, gradient, state):
            return 0 * gradient, {"m": value}

    with pytest.raises(ContractError, match=r"another state\['m'\] than initial_state declares"):
        network().fit(X, Y, optimizer=Rule(), epochs=1)


def test_an_elementwise_rule_may_hand_its_vectors_on_in_other_places():
    net = network()
    for _ in range(3):
        net.train_step(X, Y, optimizer=Swapping())
    state = net.optimizer_state
    assert (state["a"] == 1).all()
    assert (state["b"] == 0).all()


def test_a_first_state_is_drawn_from_a_stream_of_its_own():
    for _ in range(2):
        net = network(seed=5)
        net.train_step(X, Y, optimizer=Drawing())
        drawn = stream(5, "initialise", "optimizer").standard_normal((3, net.parameters.vector.size))
        np.testing.assert_array_equal(net.optimizer_state["directions"], drawn)
        net.optimizer_state = None
        net.train_step(X, Y, optimizer=Drawing())
        np.testing.assert_array_equal(net.optimizer_state["directions"], drawn)
