"""What a single step keeps for the next one: what was checked, what takes the steps, and what to go back to."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_classification import CrossEntropy
from bpframe_convolution import Flatten
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_sequence import Embedding

import bpframe as bp
from bpframe.core.backprop.weights import weight_key
from bpframe.errors import DataError, NonFiniteError, ShapeMismatch
from bpframe.extend import Optimizer
from bpframe.training.grouping import Updates
from tests.network.networks import samples
from tests.training.rules import Adam

X, Y = samples(13)
DESCENT = GradientDescent(learning_rate=0.1)


def network(dtype="float64"):
    return bp.Network([Dense(units=4), Sigmoid(), Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), dtype=dtype)


def with_entry(array, value):
    changed = array.copy()
    changed[-1, -1] = value
    return changed


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", ["x", "y"])
def test_examples_of_a_known_layout_are_refused_for_their_numbers(which, value):
    net = network()
    net.train_step(X, Y, optimizer=DESCENT)
    before = net.parameters.vector.tobytes()
    examples = (with_entry(X, value), Y) if which == "x" else (X, with_entry(Y, value))
    with pytest.raises(DataError, match="is not finite"):
        net.train_step(*examples, optimizer=DESCENT)
    assert net.parameters.vector.tobytes() == before


@pytest.mark.parametrize(
    ("x", "y", "error"),
    [
        (X[:, :2], Y, ShapeMismatch),
        (X, Y[:5], ShapeMismatch),
        (X[:0], Y[:0], DataError),
        (X + 1j, Y, DataError),
        (np.ma.masked_array(X, X > 0), Y, DataError),
    ],
    ids=["features", "count", "none", "complex", "masked"],
)
def test_examples_of_another_kind_are_refused_after_good_ones(x, y, error):
    net = network()
    net.train_step(X, Y, optimizer=DESCENT)
    before = net.parameters.vector.tobytes()
    with pytest.raises(error):
        net.train_step(x, y, optimizer=DESCENT)
    assert net.parameters.vector.tobytes() == before


@pytest.mark.filterwarnings("error")
def test_large_numbers_that_are_finite_are_taken_without_a_warning():
    net = bp.Network([Dense(units=2), Tanh()], input_shape=(3,), cost=QuadraticCost())
    large = with_entry(X, 1e300)
    for _ in range(2):
        net.train_step(large, Y, optimizer=GradientDescent(learning_rate=1e-320))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_examples_lie_as_they_like(dtype):
    x, y = X.astype(dtype), Y.astype(dtype)
    unaligned = np.frombuffer(b"0" + x.tobytes(), np.uint8)[1:].view(dtype).reshape(x.shape)
    ways = {
        "columns": (np.asfortranarray(x), y),
        "steps": (np.repeat(x, 2, axis=0)[::2], np.repeat(y, 2, axis=1)[:, ::2]),
        "unaligned": (unaligned, y),
        "bytes": (x.astype(x.dtype.newbyteorder()), y),
        "lists": (x.tolist(), y.tolist()),
        "other": (x.astype("float64" if dtype == "float32" else "longdouble"), y),
    }
    straight = network(dtype)
    for _ in range(3):
        straight.train_step(x, y, optimizer=Adam())
    for name, examples in ways.items():
        net = network(dtype)
        for each in ((x, y), examples, examples):
            net.train_step(*each, optimizer=Adam())
        assert net.parameters.vector.tobytes() == straight.parameters.vector.tobytes(), name


@pytest.mark.parametrize("rule", [DESCENT, Adam()], ids=["descent", "adam"])
def test_steps_of_alternating_lengths_and_sizes_go_on_with_one_optimizer(monkeypatch, rule):
    made = []
    begin = Updates.__init__
    monkeypatch.setattr(Updates, "__init__", lambda self, *words: (made.append(1), begin(self, *words))[1])

    def one():
        return bp.Network([Dense(units=2), Tanh()], input_shape=(None, 3), cost=QuadraticCost())

    kept, anew = one(), one()
    rng = np.random.default_rng(0)
    steps = [(size, length) for length in (2, 5, 3) for size in (4, 1)] * 3
    batches = [(rng.standard_normal((*each, 3)), rng.standard_normal((*each, 2))) for each in steps]
    for x, y in batches:
        kept.train_step(x, y, optimizer=rule)
    assert len(made) == 1
    for x, y in batches:
        anew.train_step(x, y, optimizer=rule)
        anew.optimizer_state = anew.optimizer_state
    assert len(made) > len(batches)
    assert anew.parameters.vector.tobytes() == kept.parameters.vector.tobytes()
    assert anew.optimizer_state == kept.optimizer_state


class Leaping(Optimizer):
    """Leaves the floating-point numbers in its fourth step."""

    elementwise: ClassVar[bool] = True

    def initial_state(self, parameters):
        return {"sum": np.zeros_like(parameters), "count": np.zeros(())}

    def update(self, gradient, state, step):
        change = np.full_like(gradient, np.inf if step == 3 else -0.1)
        return change, {"sum": state["sum"] + gradient, "count": state["count"] + 1}


@pytest.mark.parametrize("bytes_of_a_block", [1 << 20, 40])
def test_a_state_goes_back_whole_or_in_blocks(monkeypatch, bytes_of_a_block):
    monkeypatch.setattr("bpframe.training.updates.BLOCK_BYTES", bytes_of_a_block)
    net, rule = network(), Leaping()
    for _ in range(3):
        net.train_step(X, Y, optimizer=rule)
    theta, state = net.parameters.vector.copy(), net.optimizer_state
    assert state["count"] == 3
    for _ in range(2):
        with pytest.raises(NonFiniteError):
            net.train_step(X, Y, optimizer=rule)
        np.testing.assert_array_equal(net.parameters.vector, theta)
        assert net.optimizer_state == state
        assert state.step == 3


def classifier(cost):
    layers = [Embedding(size=7, units=3), Flatten(), Dense(units=4)]
    return bp.Network(layers, input_shape=(2,), cost=cost, dtype="float64", seed=0)


TOKENS, CLASSES = np.arange(12).reshape(6, 2) % 7, np.arange(6) % 4


@pytest.mark.parametrize("steps", [1, 9])
@pytest.mark.parametrize(
    ("x", "y"),
    [(TOKENS + 1, CLASSES), (TOKENS - 1, CLASSES), (TOKENS, CLASSES + 1), (TOKENS, CLASSES - 1), (TOKENS, CLASSES + 9)],
    ids=["large input", "small input", "large class", "small class", "outside"],
)
def test_integers_of_a_known_layout_are_refused_outside_their_domain(x, y, steps):
    net = classifier(CrossEntropy())
    for _ in range(steps):
        net.train_step(TOKENS, CLASSES, optimizer=DESCENT)
    before = net.parameters.vector.tobytes()
    with pytest.raises(DataError, match="outside"):
        net.train_step(x, y, optimizer=DESCENT)
    assert net.parameters.vector.tobytes() == before


@pytest.mark.parametrize("cost", [CrossEntropy(), CrossEntropy(ignore=-1), CrossEntropy(class_weight=(1, 2, 3, 4))])
def test_steps_that_weigh_nothing_are_those_with_weights_of_one(cost):
    plain, weighed = classifier(cost), classifier(cost)
    for step in range(12):
        classes = np.roll(CLASSES, step)
        found = plain.train_step(TOKENS, classes, optimizer=DESCENT)
        assert found == weighed.train_step(TOKENS, classes, sample_weight=np.ones(6), optimizer=DESCENT)
    assert plain.parameters.vector.tobytes() == weighed.parameters.vector.tobytes()


def test_a_target_that_is_ignored_later_does_not_count():
    net, shorter = classifier(CrossEntropy(ignore=-1)), classifier(CrossEntropy())
    for each in (net, shorter):
        each.train_step(TOKENS, CLASSES, optimizer=DESCENT)
    ignored = np.where(CLASSES == 1, -1, CLASSES)
    left = ignored >= 0
    found = net.train_step(TOKENS, ignored, optimizer=DESCENT)
    assert found == pytest.approx(shorter.train_step(TOKENS[left], CLASSES[left], optimizer=DESCENT), rel=1e-12)
    np.testing.assert_allclose(net.parameters.vector, shorter.parameters.vector, rtol=1e-12)


def test_where_nothing_weighs_a_step_has_no_factors():
    net = classifier(CrossEntropy())
    net.train_step(TOKENS, CLASSES, optimizer=DESCENT)
    _, targets = net._examples(TOKENS, CLASSES, None)
    assert list(targets) == [*net.graph.cost, weight_key(next(iter(net.graph.cost)))]
