"""Batch normalisation: coupled in training, apart from it not; running statistics move in training only."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_regularisation import BatchNorm

from bpframe import Network
from bpframe.errors import BatchCoupledError

X = 2 + 3 * np.random.default_rng(0).standard_normal((12, 4))
Y = np.ones((12, 1))


def network(momentum=0.9):
    return Network([BatchNorm(epsilon=0.01, momentum=momentum), Dense(units=1)], input_shape=(4,), cost=QuadraticCost())


def statistics(net):
    return {name: array.copy() for name, array in net.state["batch_norm_1"].items()}


def test_training_normalises_by_the_batch_and_evaluation_by_the_state():
    net = network()
    np.testing.assert_allclose(
        net.trace(X, training=True)["batch_norm_1"], (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 0.01), rtol=1e-12
    )
    np.testing.assert_allclose(net.trace(X)["batch_norm_1"], X / np.sqrt(1.01), rtol=1e-14)


def test_only_training_moves_the_running_statistics():
    net = network()
    before = statistics(net)
    net.predict(X), net.cost(X, Y), net.gradient(X, Y), net.gradient(X, Y, training=True), net.trace(X, training=True)
    for name, array in before.items():
        np.testing.assert_array_equal(net.state["batch_norm_1"][name], array)
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=1e-3), epochs=2, batch_size=12, shuffle=False)
    after = statistics(net)
    mean, variance = X.mean(axis=0), X.var(axis=0, ddof=1)
    np.testing.assert_allclose(after["mean"], (1 - 0.9**2) * mean, rtol=1e-12)
    np.testing.assert_allclose(after["variance"], 0.9**2 + (1 - 0.9**2) * variance, rtol=1e-12)


def test_evaluation_does_not_depend_on_the_rest_of_the_batch():
    net = network()
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=1e-3), epochs=1, batch_size=5)
    np.testing.assert_array_equal(net.trace(X)["batch_norm_1"][:1], net.trace(X[:1])["batch_norm_1"])
    alone = net.trace(X).jacobian("batch_norm_1")["x"]
    assert not alone.couples_batch
    assert alone.dense().shape == (1, 4, 4)


def test_the_coupled_jacobian_has_no_dense_form_per_example():
    operator = network().trace(X, training=True).jacobian("batch_norm_1")["x"]
    assert operator.couples_batch
    with pytest.raises(BatchCoupledError, match="standardising"):
        operator.dense()
    joint = operator.joint_dense(12).reshape(12, 4, 12, 4)
    assert np.abs(joint[0, 0, 1, 0]) > 1e-3, "one example's output depends on another's input"
    np.testing.assert_allclose(joint.sum(axis=2), 0, atol=1e-14, err_msg="a shift of all examples changes nothing")


def test_handed_out_statistics_are_left_alone_by_more_training():
    net = network()
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=1e-3), epochs=1)
    handed = net.state["batch_norm_1"]["mean"]
    copy = handed.copy()
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=1e-3), epochs=1)
    np.testing.assert_array_equal(handed, copy)
    assert (net.state["batch_norm_1"]["mean"] != copy).any()
