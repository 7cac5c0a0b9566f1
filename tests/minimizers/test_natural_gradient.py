"""Natural gradient with Kronecker factors: exact where the factors are, faster per pass than gradient descent."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_minimizers import NaturalGradient
from bpframe_reference import Dense, GradientDescent, QuadraticCost, ScaledNormal
from bpframe_regularisation import BatchNorm

from bpframe import Network
from bpframe.errors import BatchCoupledError
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.contract.cases import Case


def classes(examples=200, seed=0):
    """Three clouds whose coordinates differ in size by three orders of magnitude."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, examples)
    centres = rng.standard_normal((3, 6))
    return (centres[y] + 0.5 * rng.standard_normal((examples, 6))) * np.logspace(-2, 1, 6), y


def network(cost=None, units=3, seed=0, dtype="float64"):
    layers = [Dense(units=12), Tanh(), Dense(units=units)]
    return Network(layers, input_shape=(6,), cost=cost or SoftmaxCrossEntropy(), seed=seed, dtype=dtype)


def fit(net, x, y, epochs=5, batch_size=40, method=NaturalGradient, **fields):
    optimizer = method(**fields)
    return net.fit(x, y, optimizer=optimizer, epochs=epochs, batch_size=batch_size, seed=3, progress=False)


@pytest.mark.parametrize("samples", [1, None])
def test_it_falls_faster_per_pass_than_the_best_gradient_descent(samples) -> None:
    x, y = classes()
    descended = []
    for rate in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0):
        plain = network()
        fit(plain, x, y, method=GradientDescent, learning_rate=rate)
        descended.append(plain.cost(x, y))
    natural = network()
    fit(natural, x, y, samples=samples)
    assert natural.cost(x, y) < 0.6 * min(descended)


def test_one_undamped_step_from_one_layer_is_newtons() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((50, 6)), rng.standard_normal((50, 2))
    linear = [Dense(units=2, bias=False, weights=ScaledNormal())]
    net = Network(linear, input_shape=(6,), cost=QuadraticCost(), seed=0)
    history = fit(net, x, y, epochs=1, batch_size=None, learning_rate=1.0, damping=1e-24, samples=None)
    np.testing.assert_allclose(net.parameters["dense_1.w"], np.linalg.lstsq(x, y)[0].T, rtol=1e-6)
    assert len(history) == 1


def test_damping_is_split_between_the_factors_by_their_sizes() -> None:
    rng = np.random.default_rng(2)
    x, y = 3 * rng.standard_normal((40, 6)), rng.standard_normal((40, 2))
    net = Network([Dense(units=2, bias=False)], input_shape=(6,), cost=QuadraticCost(), seed=0)
    before, gradient = net.parameters["dense_1.w"].copy(), net.gradient(x, y)["dense_1.w"]
    fit(net, x, y, epochs=1, batch_size=None, learning_rate=0.5, damping=0.04, samples=None)
    a, b = x.T @ x / 40, np.eye(2)
    pi = np.sqrt(np.trace(a) / 6)
    expected = np.linalg.inv(b + 0.2 / pi * np.eye(2)) @ gradient @ np.linalg.inv(a + pi * 0.2 * np.eye(6))
    np.testing.assert_allclose(net.parameters["dense_1.w"], before - 0.5 * expected, rtol=1e-10)


def test_the_first_factors_are_averaged_plainly_and_later_ones_forgotten() -> None:
    x, y = classes(80)
    forgetting, keeping = network(), network()
    fit(forgetting, x, y, epochs=1, batch_size=40, decay=0.0, samples=None)
    fit(keeping, x, y, epochs=1, batch_size=40, decay=0.999, samples=None)
    assert np.abs(forgetting.parameters.vector - keeping.parameters.vector).max() > 1e-6
    once, same = network(), network()
    fit(once, x, y, epochs=1, batch_size=None, decay=0.0, samples=None)
    fit(same, x, y, epochs=1, batch_size=None, decay=0.999, samples=None)
    np.testing.assert_array_equal(once.parameters.vector, same.parameters.vector)


def test_long_steps_are_shortened_to_the_largest_change() -> None:
    x, y = classes()
    for change in (1e-3, 1e-5):
        net = network()
        before = net.parameters.vector.copy()
        fit(net, x, y, epochs=1, batch_size=None, learning_rate=1.0, max_change=change, samples=None, damping=1e-6)
        step = net.parameters.vector - before
        net.parameters.vector[...] = before
        curvature = step @ net.ggn_vp(x, y, step)
        assert 0.1 * change < curvature < 10 * change  # the blocks are not the whole matrix


def test_factors_that_are_kept_for_some_steps_do_nearly_as_well() -> None:
    x, y = classes()
    net = network()
    start = net.cost(x, y)
    fit(net, x, y, update_every=5)
    assert net.cost(x, y) < 0.2 * start


def test_the_same_seed_gives_the_same_parameters_and_float32_stays_float32() -> None:
    x, y = classes()
    first, second = network(dtype="float32"), network(dtype="float32")
    for each in (first, second):
        fit(each, x, y, epochs=3)
    np.testing.assert_array_equal(first.parameters.vector, second.parameters.vector)
    assert first.parameters.vector.dtype == np.float32
    assert first.cost(x, y) < 0.3


def test_what_it_cannot_take_is_refused_by_name() -> None:
    coupled = Case("batch_norm", BatchNorm(), {"x": (3,)}).trainable()
    with pytest.raises(BatchCoupledError, match="probe"):
        fit(coupled, np.random.default_rng(0).standard_normal((4, 3)), np.zeros((4, 2)), batch_size=2)
