"""What noise and normalisations promise: means, variances, and every derivative through a network that has them."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout, GaussianNoise, GroupNorm, LayerNorm, RmsNorm

import bpframe as bp
from bpframe.errors import BatchCoupledError, DataError, NonFiniteError, ShapeMismatch
from bpframe.extend import Layer

X = np.random.default_rng(0).normal(1.0, 2.0, (6, 4))
Y = np.random.default_rng(1).normal(size=(6, 2))
NORMALISATIONS = [BatchNorm(), LayerNorm(), GroupNorm(groups=2), RmsNorm()]


def network(layer: Layer, seed: int = 0) -> bp.Network:
    layers = [Dense(units=4), layer, Sigmoid(), Dense(units=2)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(4,), seed=seed)


def test_dropout_leaves_out_its_share_and_keeps_the_expected_value() -> None:
    net = bp.Network([Dropout(rate=0.3)], input_shape=(200,), seed=3)
    y = net.trace(np.ones((100, 200)), training=True)["dropout_1"]
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert abs((y == 0).mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / y.size)
    assert np.array_equal(net.predict(np.ones((2, 200))), np.ones((2, 200)))


@pytest.mark.parametrize("layer", [Dropout(rate=0.3), GaussianNoise(scale=0.5)])
def test_both_precisions_draw_the_same(layer: Layer) -> None:
    double, single = (
        bp.Network([layer], input_shape=(50,), seed=3, dtype=dtype).trace(np.ones((4, 50), dtype), training=True)
        for dtype in ("float64", "float32")
    )
    name = f"{layer.kind}_1"
    double, single = double[name], single[name]
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-6)


def test_noise_has_the_stated_deviation_in_training_alone() -> None:
    net = bp.Network([GaussianNoise(scale=0.5)], input_shape=(300,), seed=1)
    noise = net.trace(np.zeros((100, 300)), training=True)["gaussian_noise_1"]
    assert abs(noise.std() - 0.5) < 0.01
    assert abs(noise.mean()) < 0.01
    assert not net.predict(np.zeros((2, 300))).any()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("layer", NORMALISATIONS, ids=lambda layer: layer.kind)
def test_exact_curvature_is_that_of_differences(layer: Layer, training: bool) -> None:
    net = network(layer)
    assert net.check_gradients(X, Y, training=training)
    direction = np.random.default_rng(2).normal(size=net.parameters.vector.size)
    exact = net.hvp(X, Y, direction, training=training)
    measured = net.hvp(X, Y, direction, training=training, method="difference")
    np.testing.assert_allclose(exact, measured, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("layer", NORMALISATIONS, ids=lambda layer: layer.kind)
def test_gauss_newton_is_jacobian_times_jacobian(layer: Layer, training: bool) -> None:
    net = network(layer)
    start, step = net.parameters.vector.copy(), 1e-6
    columns = []
    for direction in np.eye(start.size):
        ends = []
        for sign in (1, -1):
            net.parameters.vector[...] = start + sign * step * direction
            ends.append(net.trace(X, training=training)["dense_2"].reshape(-1))
        columns.append((ends[0] - ends[1]) / (2 * step))
    net.parameters.vector[...] = start
    jacobian = np.stack(columns, axis=1)
    found = net.ggn_vp(X, Y, np.eye(start.size), training=training)
    np.testing.assert_allclose(found, jacobian.T @ jacobian / len(X), rtol=1e-6, atol=1e-8)


def test_one_example_has_no_gradient_of_its_own_in_a_coupled_batch() -> None:
    net = network(BatchNorm())
    assert net.per_example.gradients(X, Y).matrix.shape == (6, net.parameters.vector.size)
    with pytest.raises(BatchCoupledError, match="batch_norm"):
        net.per_example.gradients(X, Y, training=True)


def test_an_empty_batch_leaves_the_running_statistics() -> None:
    layer = BatchNorm(momentum=0.5)
    state = {"mean": np.zeros(2), "variance": np.full(2, 3.0)}
    p = {"g": np.ones(2), "b": np.full(2, 7.0)}
    y, after = layer.forward(np.zeros((0, 2)), p, state, {}, True, np.empty((0, 2)))
    assert y.shape == (0, 2)
    assert after is state


def test_one_number_per_channel_is_refused_in_training_alone() -> None:
    net = network(BatchNorm())
    assert net.predict(X[:1]).shape == Y[:1].shape
    before = net.parameters.vector.copy(), net.state["batch_norm_1"]["mean"].copy()
    with pytest.raises(DataError, match=r"layers\[1\] 'batch_norm_1' .*one number per channel has no variance"):
        net.train_step(X[:1], Y[:1], optimizer=GradientDescent(learning_rate=0.1))
    assert np.array_equal(net.parameters.vector, before[0])
    assert np.array_equal(net.state["batch_norm_1"]["mean"], before[1])
    places = bp.Network([BatchNorm()], input_shape=(2, 4))
    assert np.isfinite(places.trace(np.ones((1, 2, 4)), training=True)["batch_norm_1"]).all()


@pytest.mark.parametrize(("batch_size", "better"), [(5, 6), (1, 2)])
def test_a_last_batch_of_one_is_refused_before_training(batch_size: int, better: int) -> None:
    x, y = np.tile(X, (4, 1))[:11], np.tile(Y, (4, 1))[:11]
    net, other = network(BatchNorm()), network(BatchNorm())
    if better == 2:
        x, y = x[:10], y[:10]
    rule = GradientDescent(learning_rate=0.1)
    with pytest.raises(DataError, match=f"batch_size={better}, which leaves a last batch of") as raised:
        net.fit(x, y, optimizer=rule, epochs=1, batch_size=batch_size)
    assert ("batches", f"{len(x)} examples by {batch_size}, the last of 1") in raised.value.rows
    assert net.history is None
    for each in (net, other):
        each.fit(x, y, optimizer=rule, epochs=2, batch_size=better, progress=False)
    assert net.parameters.vector.tobytes() == other.parameters.vector.tobytes(), "the trial moved something"


@pytest.mark.parametrize("layer", [BatchNorm(), LayerNorm(), GroupNorm(groups=1), RmsNorm(offset=True)])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,)])
@pytest.mark.parametrize("training", [False, True])
def test_axes_without_entries(layer: Layer, shape: tuple[int, ...], training: bool) -> None:
    features, x, saved = shape[-1:], np.zeros((2, *shape)), {}
    words = {"p": {"g": np.ones(features), "b": np.zeros(features)}, "saved": saved}
    if isinstance(layer, BatchNorm):
        words |= {"training": training, "state": {"mean": np.zeros(features), "variance": np.ones(features)}}
    y = layer.forward(x, out=np.empty_like(x), **words)
    assert (y[0] if isinstance(y, tuple) else y).shape == x.shape
    asked = {word: words[word] for word in ("p", "saved", "training") if word in signature(layer.jacobian).parameters}
    given = {"x": x} if "x" in signature(layer.jacobian).parameters else {}
    if isinstance(layer, BatchNorm):
        asked["training"] = training
    for key, operator in layer.jacobian(**given, **asked).items():
        operator.bind(shape if key == "x" else features, shape)
        assert operator.vjp(x).shape == ((2, *shape) if key == "x" else (2, *features))
        assert operator.sum_vjp(x).shape == (shape if key == "x" else features)


def test_numbers_that_are_all_equal_become_the_offset() -> None:
    net = bp.Network([LayerNorm()], input_shape=(5,))
    assert np.array_equal(net.predict(np.full((2, 5), 1e4)), np.zeros((2, 5)))


def test_channels_that_do_not_divide_into_groups_are_refused() -> None:
    with pytest.raises(ShapeMismatch, match="groups=3"):
        bp.Network([GroupNorm(groups=3)], input_shape=(2, 4))


def test_group_norm_of_one_channel_each_is_instance_norm() -> None:
    x = np.random.default_rng(0).normal(size=(3, 5, 2))
    y = bp.Network([GroupNorm(groups=2, epsilon=1e-12)], input_shape=(5, 2)).predict(x)
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=1), 1, rtol=1e-9)


def test_batch_norm_standardises_channels_in_training() -> None:
    y = bp.Network([BatchNorm(epsilon=1e-12)], input_shape=(4,)).trace(X, training=True)["batch_norm_1"]
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=0), 1, rtol=1e-9)


@pytest.mark.parametrize(
    "layer", [BatchNorm(), LayerNorm(), GroupNorm(groups=1), RmsNorm()], ids=lambda each: each.kind
)
def test_numbers_too_large_to_be_squared_are_told_and_do_not_become_zeros(layer):
    """1/√∞ = 0 would give y = b for all that follows, and a running variance of ∞ for good."""
    net = bp.Network([layer], input_shape=(4,), cost=QuadraticCost(), dtype="float32")
    x = np.array([[1e20, -1e20, 2e20, 0.0], [0.0, 1e20, 1e20, -1e20]])
    state = {name: array.copy() for each in net.state.values() for name, array in each.items()}
    with pytest.raises(NonFiniteError):
        net.train_step(x, np.zeros((2, 4)), optimizer=GradientDescent(learning_rate=0.1))
    for each in net.state.values():
        for name, array in each.items():
            np.testing.assert_array_equal(array, state[name])
