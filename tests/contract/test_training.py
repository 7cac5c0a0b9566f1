"""Networks with each component train; optimizers with a state do what their equations say."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_optimizers import Momentum
from bpframe_reference import Dense, GradientDescent, QuadraticCost

from bpframe import Network
from bpframe.training.updates import BLOCK_BYTES
from tests.components.initializer import UniformInitializer
from tests.components.optimizers import NormalisedGradient

from .cases import CASES, mode_id

rng = np.random.default_rng(6)
X, Y = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))


def line(seed=0, units=2):
    return Network([Dense(units=units)], input_shape=(3,), cost=QuadraticCost(), seed=seed)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=mode_id)
def test_cost_decreases(case, dtype):
    network = case.trainable(dtype)
    x = case.x(11, dtype=dtype)
    y = 0.5 * np.random.default_rng(8).standard_normal((11, 2))
    history = network.fit(x, y, optimizer=GradientDescent(learning_rate=0.02), epochs=8, batch_size=4)
    costs = [record.cost for record in history.epochs]
    assert costs[-1] < costs[0]
    assert history.steps == 24, "the last batch, of 3 examples, counts too"
    assert network.parameters.vector.dtype == np.dtype(dtype)


def test_momentum_follows_its_equation():
    net = line()
    theta, v = net.parameters.vector.copy(), 0.0
    net.fit(X, Y, optimizer=Momentum(learning_rate=0.1, momentum=0.5), epochs=4, batch_size=9, shuffle=False)
    again = line()
    for _ in range(4):
        again.parameters.vector[:] = theta
        v = 0.5 * v - 0.1 * again.gradient(X, Y).vector
        theta = theta + v
    np.testing.assert_allclose(net.parameters.vector, theta, rtol=1e-14)


def test_momentum_in_blocks_equals_momentum_at_once():
    """A vector longer than a block is updated in pieces, each with its own part of the state."""

    class WholeMomentum(Momentum):
        elementwise = False

    x, found = rng.standard_normal((4, 3)), []
    for optimizer in (Momentum(learning_rate=0.1), WholeMomentum(learning_rate=0.1)):
        net = line(units=BLOCK_BYTES // 8)
        y = np.zeros((4, BLOCK_BYTES // 8))
        net.fit(x, y, optimizer=optimizer, epochs=3, batch_size=4, shuffle=False)
        found.append(net.parameters.vector)
    assert found[0].nbytes > 3 * BLOCK_BYTES
    np.testing.assert_array_equal(*found)


def test_an_optimizer_may_keep_the_gradient_it_was_given():
    """`NormalisedGradient` keeps the gradient itself, whose memory the next step overwrites."""

    class Recorded(NormalisedGradient):
        def update(self, gradient, step, state, out):
            seen.append((gradient.copy(), state["before"].copy()))
            return super().update(gradient, step, state, out)

    seen = []
    net = line()
    theta = net.parameters.vector.copy()
    net.fit(X, Y, optimizer=Recorded(learning_rate=0.3), epochs=3, batch_size=9, shuffle=False)
    np.testing.assert_array_equal(seen[0][1], 0)
    np.testing.assert_array_equal(seen[1][1], seen[0][0])
    np.testing.assert_array_equal(seen[2][1], seen[1][0])
    assert (seen[1][0] != seen[0][0]).any()
    for step, (gradient, _) in enumerate(seen):
        theta -= 0.3 / (1 + step) * gradient / np.linalg.norm(gradient)
    np.testing.assert_allclose(net.parameters.vector, theta, rtol=1e-13)


def test_an_optimizers_state_may_start_from_the_parameters():
    """An average that starts at θ is an array of its own: changing it leaves θ alone."""

    class Averaged(Momentum):
        def initial_state(self, parameters):
            return {"mean": parameters}

        def update(self, gradient, state):
            return -self.learning_rate * gradient, {"mean": 0 * state["mean"]}

    net, plain = line(), line()
    net.fit(X, Y, optimizer=Averaged(learning_rate=0.1), epochs=2, batch_size=9)
    plain.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=2, batch_size=9)
    np.testing.assert_allclose(net.parameters.vector, plain.parameters.vector, rtol=1e-12)


def test_initializers_draw_from_a_stream_per_parameter():
    layer = Dense(units=50, weights=UniformInitializer(scale=2.0), biases=UniformInitializer(scale=2.0))
    first, second = (Network([layer], input_shape=(9,), seed=seed).parameters for seed in (1, 2))
    assert np.abs(first["dense_1.w"]).max() <= 2 / 3
    assert np.abs(first["dense_1.w"]).max() > 0.6
    assert (first["dense_1.w"] != second["dense_1.w"]).all()
    assert (first["dense_1.w"][:, 0] != first["dense_1.b"] / 3).all()
    wider = Network([layer, Dense(units=1)], input_shape=(9,), seed=1).parameters
    np.testing.assert_array_equal(wider["dense_1.w"], first["dense_1.w"])
