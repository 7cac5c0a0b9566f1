"""Dropout: one mask in both directions, none outside training, and a random stream of its own."""

from __future__ import annotations

import numpy as np
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_regularisation import Dropout

from bpframe import Network


def network(seed=0, rate=0.4, **fields):
    return Network([Dropout(rate=rate)], input_shape=(50,), seed=seed, **fields)


X = np.random.default_rng(0).standard_normal((40, 50))


def test_jacobian_has_the_mask_of_forward():
    trace = network().trace(X, training=True)
    (operator,) = trace.jacobian("dropout_1").values()
    np.testing.assert_array_equal(operator.jvp(X), trace["dropout_1"])
    assert set(np.unique(operator.d)) == {0.0, 1 / 0.6}


def test_evaluation_passes_everything_on():
    np.testing.assert_array_equal(network().trace(X)["dropout_1"], X)
    np.testing.assert_array_equal(network().vjp(X, X), X)


def test_the_expected_value_is_kept():
    """The mean of 2000 · 50 masked ones has standard deviation √(0.4/0.6/100000) = 0.0026."""
    y = network().trace(np.ones((2000, 50)), training=True)["dropout_1"]
    assert abs(y.mean() - 1) < 4 * 0.0026


def test_seeds_decide_the_mask():
    masks = [network(seed).trace(X, training=True)["dropout_1"] for seed in (3, 3, 4)]
    np.testing.assert_array_equal(masks[0], masks[1])
    assert (masks[0] != masks[2]).any()


def test_two_passes_and_two_nodes_draw_different_masks():
    one = network()
    assert (one.trace(X, training=True)["dropout_1"] != one.trace(X, training=True)["dropout_1"]).any()
    two = Network([Dropout(rate=0.4), Dropout(rate=0.4)], input_shape=(50,))
    trace = two.trace(np.ones_like(X), training=True)
    masks = [trace.jacobian(name)["x"].d for name in ("dropout_1", "dropout_2")]
    assert (masks[0] != masks[1]).any()


def test_evaluations_between_steps_change_no_training_byte():
    def trained(disturb):
        net = Network(
            [Dense(units=8), Dropout(rate=0.5), Dense(units=1)], input_shape=(50,), cost=QuadraticCost(), seed=1
        )
        y = X[:, :1]
        for _ in range(3):
            net.fit(X, y, optimizer=GradientDescent(learning_rate=0.01), epochs=1, batch_size=7)
            if disturb:
                net.gradient(X, y, training=True)
                net.predict(X)
        return net.parameters.vector

    np.testing.assert_array_equal(trained(False), trained(True))
