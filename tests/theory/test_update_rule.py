"""Eq. (1): w ← w − η ∂C/∂w, with the gradient of the mean cost over the batch."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp

from . import mlp

ETA = 0.7


def network(dtype="float64"):
    layers = [Dense(units=4), Sigmoid(), Dense(units=2), Sigmoid()]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), dtype=dtype, seed=5)


def data(count, dtype="float64"):
    rng = np.random.default_rng(count)
    return rng.standard_normal((count, 3)).astype(dtype), rng.random((count, 2)).astype(dtype)


def weights_and_biases(net):
    return [(net.parameters[f"dense_{i}.w"].copy(), net.parameters[f"dense_{i}.b"].copy()) for i in (1, 2)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_subtracts_eta_times_the_mean_gradient_exactly(dtype):
    net, (x, y) = network(dtype), data(6, dtype)
    before, gradient = net.parameters.vector.copy(), net.gradient(x, y).vector
    net.fit(x, y, optimizer=GradientDescent(learning_rate=ETA), epochs=1, batch_size=6, shuffle=False)
    expected = before - np.asarray(ETA, dtype) * gradient
    assert net.parameters.vector.tobytes() == expected.tobytes()
    assert not np.array_equal(before, expected)


def test_the_gradient_of_the_mean_is_the_mean_of_the_gradients():
    net, (x, y) = network(), data(5)
    each = [net.gradient(x[n : n + 1], y[n : n + 1]).vector for n in range(5)]
    np.testing.assert_allclose(net.gradient(x, y).vector, np.mean(each, axis=0), rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [6, 7, 8])
def test_an_epoch_is_the_loop_over_its_batches_bit_for_bit(count, dtype):
    trained, by_hand, (x, y) = network(dtype), network(dtype), data(count, dtype)
    trained.fit(x, y, optimizer=GradientDescent(learning_rate=ETA), epochs=2, batch_size=3, shuffle=False)
    for _ in range(2):
        for start in range(0, count, 3):
            gradient = by_hand.gradient(x[start : start + 3], y[start : start + 3]).vector
            by_hand.parameters.vector[...] -= np.asarray(ETA, dtype) * gradient
    assert trained.parameters.vector.tobytes() == by_hand.parameters.vector.tobytes()


@pytest.mark.parametrize("count", [1, 6, 7, 8])
def test_an_epoch_is_that_of_plain_numpy(count):
    """The last, smaller batch is averaged over its own size."""
    net, (x, y) = network(), data(count)
    layers = weights_and_biases(net)
    history = net.fit(x, y, optimizer=GradientDescent(learning_rate=ETA), epochs=1, batch_size=3, shuffle=False)
    total = 0.0
    for start in range(0, count, 3):
        part = x[start : start + 3], y[start : start + 3]
        total += mlp.mean_cost(layers, *part) * len(part[0])
        layers = [
            (w - ETA * dw, b - ETA * db)
            for (w, b), (dw, db) in zip(layers, mlp.complex_step(layers, *part), strict=True)
        ]
    for found, expected in zip(weights_and_biases(net), layers, strict=True):
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
    assert history.epochs[0].cost == pytest.approx(total / count, rel=1e-13)
    assert history.steps == -(-count // 3)


def test_a_batch_larger_than_the_data_is_the_whole_data():
    small, large, (x, y) = network(), network(), data(4)
    for net, size in ((small, 4), (large, 100)):
        net.fit(x, y, optimizer=GradientDescent(learning_rate=ETA), epochs=2, batch_size=size, shuffle=False)
    assert small.parameters.vector.tobytes() == large.parameters.vector.tobytes()


def test_shuffling_takes_every_example_once_per_epoch():
    """With η so small that θ stands still, an epoch's updates add up to those of all examples, in any order."""
    net, (x, y) = network(), data(9)
    before, gradient = net.parameters.vector.copy(), net.gradient(x, y).vector
    net.fit(x, y, optimizer=GradientDescent(learning_rate=1e-9), epochs=1, batch_size=3)
    np.testing.assert_allclose((net.parameters.vector - before) / -1e-9, 3 * gradient, rtol=1e-4, atol=1e-6)
