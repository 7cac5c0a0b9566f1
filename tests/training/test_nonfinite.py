"""NaN and infinity end a training at once, are told with node and component, and leave the last good parameters."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from bpframe_optimizers import Adam, ClipGlobalNorm, ClipValue, Rmsprop
from bpframe_reference import Add, Dense, GradientDescent, Identity, QuadraticCost

import bpframe as bp
from bpframe.errors import NonFiniteError
from bpframe.extend import Array, Cost, Layer, Optimizer
from tests.components.activations import SquareRoot
from tests.network.networks import chain, descent, samples


def rooted(planted, at=8, dtype="float64"):
    """Return a network with √z behind a dense layer, and positive data of which one row is replaced."""
    layers = [Dense(units=2, bias=False), SquareRoot(), Dense(units=2)]
    net = bp.Network(layers, input_shape=(2,), cost=QuadraticCost(), dtype=dtype)
    net.parameters["dense_1.w"] = [[1.0, 0.5], [0.5, 1.0]]
    x = np.random.default_rng(0).uniform(1, 2, (12, 2))
    x[at] = planted
    return net, x, np.ones((12, 2))


def after_good_steps(planted, steps, **fields):
    net, x, y = rooted(planted, **fields)
    net.fit(x[: 2 * steps], y[: 2 * steps], optimizer=descent(1e-3), epochs=1, batch_size=2, shuffle=False)
    return net.parameters.vector.copy()


CASES = {
    "a value": ([-5.0, 1.0], ["layers[1] 'square_root_1' (square_root): its output is not finite", "nan at [0, 0]"]),
    "a gradient": (
        [0.0, 0.0],
        ["layers[1] 'square_root_1' (square_root): the error that it sends to 'z' is not finite", "inf", "at [0, 0]"],
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_first_bad_place_is_named_and_the_step_before_it_kept(case, dtype):
    planted, parts = CASES[case]
    net, x, y = rooted(planted, dtype=dtype)
    with pytest.raises(NonFiniteError) as caught:
        net.fit(x, y, optimizer=descent(1e-3), epochs=3, batch_size=2, shuffle=False)
    message = str(caught.value)
    for part in [*parts, "in epoch 1, batch 5", "the parameters after 4 good steps", "a smaller learning rate"]:
        assert part in message
    assert net.parameters.vector.tobytes() == after_good_steps(planted, 4, dtype=dtype).tobytes()


def test_the_place_is_found_in_a_graph_where_paths_meet():
    net = bp.Network(
        inputs={"x": (2,)},
        nodes={
            "h": bp.node(Dense(units=2, bias=False), "x"),
            "root": bp.node(SquareRoot(), "h"),
            "side": bp.node(Identity(), "h"),
            "end": bp.node(Add(), "side", "root", "side"),
        },
        cost=QuadraticCost(),
    )
    net.parameters["h.w"] = np.eye(2)
    with pytest.raises(NonFiniteError, match=r"node 'root' \(square_root\): the error that it sends to 'z'"):
        net.fit([[1.0, 0.0]], [[1.0, 1.0]], optimizer=descent(1e-3), epochs=1)
    np.testing.assert_array_equal(net.parameters["h.w"], np.eye(2))


class LogCost(Cost):
    """−Σ log a, which is NaN below zero."""

    def forward(self, a: Array, y: Array) -> Array:
        return -np.log(a).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return -1 / a


def test_a_cost_is_named_with_its_output():
    net = bp.Network([Dense(units=1)], input_shape=(1,), cost=LogCost())
    net.parameters["dense_1.w"], net.parameters["dense_1.b"] = 1.0, 0.0
    with pytest.raises(NonFiniteError, match=r"the cost of 'dense_1' \(log\): its value is not finite"):
        net.fit([[-1.0]], [[0.0]], optimizer=descent(), epochs=1)


class Exploding(Layer):
    """A layer whose values are finite and whose parameter gradient is not."""

    def parameters(self):
        from bpframe.extend import Parameter

        return {"v": Parameter((2,), init=1.0)}

    def forward(self, x: Array, p) -> Array:
        return x * p["v"]

    def jacobian(self, x: Array, p):
        from bpframe.extend import Diagonal

        return {"x": Diagonal(np.broadcast_to(p["v"], x.shape)), "v": Diagonal(np.full_like(x, np.inf))}


def test_a_parameters_gradient_is_named_with_its_key():
    net = bp.Network([Exploding()], input_shape=(2,), cost=QuadraticCost())
    with pytest.raises(
        NonFiniteError, match=r"layers\[0\] 'exploding_1' \(exploding\): the gradient of 'v' is not fin"
    ):
        net.fit(np.ones((4, 2)), np.zeros((4, 2)), optimizer=descent(), epochs=1)
    assert net.parameters["exploding_1.v"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("dtype", "rate"), [("float32", 1e39), ("float64", 1e308)])
@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("batch_size", [2, 12])
def test_a_huge_learning_rate_leaves_finite_parameters(dtype, rate, epochs, batch_size):
    """Also where the overflow happens in the last step of an epoch, or of the whole training."""
    x, y = samples(12, dtype)
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), dtype=dtype)
    y *= 1e3
    before = net.parameters.vector.copy()
    with pytest.raises(NonFiniteError) as caught:
        net.fit(x, y, optimizer=GradientDescent(learning_rate=rate), epochs=epochs, batch_size=batch_size)
    assert "layers[0] 'dense_1' (dense): its parameter w is not finite" in str(caught.value)
    assert "the parameters at the start of epoch 1" in str(caught.value)
    assert net.parameters.vector.tobytes() == before.tobytes()


class LateJump(Optimizer):
    """Descends, and in one step jumps to infinity."""

    at: int

    def update(self, gradient: Array, step) -> Array:
        return -0.01 * gradient if step != self.at else np.full_like(gradient, np.inf)


@pytest.mark.parametrize("at", [6, 8, 11])  # the first, a middle and the last step of the second epoch
def test_an_overflow_takes_the_parameters_back_to_the_epochs_start(at):
    (x, y), net, good = samples(12), chain(), chain()
    with pytest.raises(NonFiniteError, match="at the start of epoch 2"):
        net.fit(x, y, optimizer=LateJump(at=at), epochs=2, batch_size=2)
    good.fit(x, y, optimizer=LateJump(at=99), epochs=1, batch_size=2)
    assert net.parameters.vector.tobytes() == good.parameters.vector.tobytes()
    assert np.isfinite(net.predict(x)).all()


def test_the_network_keeps_the_history_up_to_there():
    (x, y), net = samples(12), chain()
    with pytest.raises(NonFiniteError):
        net.fit(x, y, optimizer=LateJump(at=14), epochs=5, batch_size=2)
    assert net.history.stopped == "not finite"
    assert len(net.history) == 2


def test_training_can_go_on_afterwards():
    (x, y), net = samples(12), chain()
    with pytest.raises(NonFiniteError):
        net.fit(x, y, optimizer=LateJump(at=3), epochs=5, batch_size=2)
    assert net.fit(x, y, optimizer=descent(0.1), epochs=2, batch_size=2).stopped == "completed"


@pytest.mark.parametrize("fit", [True, False], ids=["fit", "train_step"])
@pytest.mark.parametrize("optimizer", [Adam(), ClipValue(value=1e25, optimizer=Rmsprop())], ids=lambda each: each.kind)
def test_a_gradient_whose_square_overflows_does_not_hold_a_parameter_for_good(optimizer, fit):
    """Its mean of squares would be infinite, and every later step 0: training would end in silence."""
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), dtype="float32")
    x, y = np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)
    net.train_step(x, y, optimizer=optimizer)
    before, state = net.parameters.vector.copy(), net.optimizer_state
    train = partial(net.fit, epochs=1, batch_size=2) if fit else net.train_step
    with pytest.raises(NonFiniteError, match=r"its state '(optimizer/)?v' is not finite in step 2"):
        train(1e10 * x, 1e12 * y, optimizer=optimizer)
    assert net.parameters.vector.tobytes() == before.tobytes()
    assert net.optimizer_state == state


def test_a_large_gradient_that_a_rule_can_take_is_taken():
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), dtype="float32")
    x, y = np.full((4, 3), 1e10), np.full((4, 2), 1e12)
    net.train_step(x, y, optimizer=ClipGlobalNorm(norm=1.0, optimizer=Adam()))
    assert np.isfinite(net.parameters.vector).all()
