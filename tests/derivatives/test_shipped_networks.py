"""Every derivative goes through the networks that people build, and is that of dense references from forward passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_classification import CrossEntropy
from bpframe_convolution import (
    AveragePool2d,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    DepthwiseConv2d,
    Flatten,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    Upsample2d,
    ZeroPad,
)
from bpframe_minimizers import LevenbergMarquardt
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import BatchNorm
from bpframe_sequence import Lstm, TransformerBlock

from bpframe import Network
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.errors import BatchCoupledError
from tests.contract.cases import scatter
from tests.oracles import assert_close, cost_gradient, input_jacobian, parameter_jacobian

from .dense import At

BATCH = 3
CLASSES = 3


def lenet() -> Network:
    layers = [
        Conv2d(filters=2, kernel_size=3),
        Tanh(),
        MaxPool2d(kernel_size=2),
        Conv2d(filters=2, kernel_size=2, padding="same"),
        Tanh(),
        AveragePool2d(kernel_size=2),
        Flatten(),
        Dense(units=3),
        Tanh(),
        Dense(units=CLASSES),
    ]
    return Network(layers, input_shape=(6, 6, 1), cost=CrossEntropy(), seed=1)


def grouped() -> Network:
    """Convolutions of groups of channels, and means of windows that hang over the edge."""
    layers = [
        DepthwiseConv2d(kernel_size=2, multiplier=2, padding="same"),
        Tanh(),
        Conv2d(filters=2, kernel_size=(2, 1), groups=2, dilation=(2, 1)),
        AveragePool2d(kernel_size=2, stride=1, padding=1, count_include_pad=False),
        Tanh(),
        Flatten(),
        Dense(units=CLASSES),
    ]
    return Network(layers, input_shape=(4, 2, 2), cost=CrossEntropy(), seed=1)


def growing() -> Network:
    """Images that are enlarged in three ways."""
    layers = [
        Conv2dTranspose(filters=2, kernel_size=2, stride=2, padding=((0, 1), 0)),
        Tanh(),
        ZeroPad(padding=1),
        Upsample2d(size=(1, 2), interpolation="bilinear"),
        MaxPool2d(kernel_size=3, stride=2),
        Upsample2d(size=2),
        Conv2d(filters=3, kernel_size=2),
        Tanh(),
        GlobalAveragePool(),
    ]
    return Network(layers, input_shape=(2, 2, 1), cost=CrossEntropy(), seed=1)


def signals() -> Network:
    layers = [
        Conv1d(filters=4, kernel_size=2, padding=(1, 0), stride=2),
        Tanh(),
        MaxPool1d(kernel_size=2, stride=1),
        Conv1d(filters=4, kernel_size=2, groups=2),
        Tanh(),
        GlobalMaxPool(),
        Dense(units=CLASSES),
    ]
    return Network(layers, input_shape=(7, 1), cost=CrossEntropy(), seed=1)


def lstm() -> Network:
    """With a cost at every position."""
    layers = [Lstm(units=2, return_sequences=True), Dense(units=CLASSES)]
    return Network(layers, input_shape=(3, 2), cost=CrossEntropy(), seed=1)


def last_of_lstm() -> Network:
    return Network([Lstm(units=2), Dense(units=CLASSES)], input_shape=(3, 2), cost=CrossEntropy(), seed=1)


def transformer() -> Network:
    layers = [TransformerBlock(heads=2, units=3, causal=True), Dense(units=2)]
    return Network(layers, input_shape=(3, 4), cost=CrossEntropy(), seed=1)


def autoencoder() -> Network:
    layers = [Dense(units=4), Tanh(), Dense(units=2), Tanh(), Dense(units=4), Tanh(), Dense(units=5)]
    return Network(layers, input_shape=(5,), cost=QuadraticCost(), seed=1)


NETWORKS: dict[str, Callable[[], Network]] = {
    "lenet": lenet,
    "grouped": grouped,
    "growing": growing,
    "signals": signals,
    "lstm": lstm,
    "last of lstm": last_of_lstm,
    "transformer": transformer,
    "autoencoder": autoencoder,
}


class Case:
    """A network with data, and its dense references, each computed when it is first asked for."""

    def __init__(self, name: str) -> None:
        self.network = NETWORKS[name]()
        scatter(self.network)
        rng = np.random.default_rng(5)
        graph = self.network.graph
        (shape,), (output,) = graph.inputs.values(), graph.cost
        self.x = rng.standard_normal((BATCH, *shape))
        if graph.cost[output].integer_targets:
            self.y: Any = rng.integers(0, graph.shapes[output][-1], (BATCH, *graph.target_shapes[output]))
        else:
            self.y = self.x if graph.shapes[output] == shape else rng.standard_normal((BATCH, *graph.shapes[output]))
        self.positions = self.y[0].size if graph.cost[output].integer_targets else 1
        self.at = At(self.network, self.x, self.y)
        self.hessian = cache(self.at.hessian)
        self.gauss_newton = cache(self.at.gauss_newton)
        self.parts = {}
        start = 0
        for path, shape in self.network.parameters.shapes.items():
            self.parts[path] = slice(start, start + math.prod(shape))
            start += math.prod(shape)


@cache
def case(name: str) -> Case:
    return Case(name)


every = pytest.mark.parametrize("name", NETWORKS)


@every
def test_gradient(name) -> None:
    c = case(name)
    assert_close(c.network.gradient(c.x, c.y).vector, cost_gradient(c.network, c.x, c.y))


@every
def test_products_with_the_gauss_newton_matrix(name) -> None:
    c = case(name)
    identity = np.eye(c.network.parameters.vector.size)
    assert_close(c.network.ggn_vp(c.x, c.y, identity), c.gauss_newton(), 1e-9)


@every
def test_products_with_the_hessian(name) -> None:
    c = case(name)
    identity = np.eye(c.network.parameters.vector.size)
    assert_close(c.network.hvp(c.x, c.y, identity), c.hessian(), 1e-9)
    assert_close(c.network.curvature.hessian_diagonal(c.x, c.y).vector, np.diag(c.hessian()), 1e-9)
    at_inputs = At(c.network, c.x, c.y, wrt="inputs")
    tangent = np.random.default_rng(0).standard_normal(c.x.shape)
    found = c.network.hvp(c.x, c.y, tangent, wrt="inputs")
    assert_close(found.reshape(-1), at_inputs.hessian() @ tangent.reshape(-1), 1e-9)


@every
def test_diagonals(name) -> None:
    c = case(name)
    curvature = c.network.curvature
    assert_close(curvature.gauss_newton_diagonal(c.x, c.y).vector, np.diag(c.gauss_newton()), 1e-9)
    # Of each example's sum over its positions, and the mean over all positions: Σ_n (Σ_t g_nt)² / (N T).
    expected = c.positions * np.diag(c.at.empirical_fisher())
    assert_close(curvature.empirical_fisher_diagonal(c.x, c.y).vector, expected, 1e-9)


@every
def test_blocks_and_kronecker_factors(name) -> None:
    c = case(name)
    whole = c.gauss_newton()
    floor = 1e-10 * np.abs(whole).max()  # softmax does not see what all keys have in common
    blocks = c.network.curvature.gauss_newton_blocks(c.x, c.y)
    for path, part in c.parts.items():
        np.testing.assert_allclose(blocks[path], whole[part, part], rtol=0, atol=floor)
    for weight_sharing in ("expand", "reduce"):
        factors = c.network.curvature.kfac(c.x, c.y, weight_sharing=weight_sharing)
        for path in c.parts:
            assert factors.block(path).shape == blocks[path].shape
            if path in factors.exact:
                np.testing.assert_allclose(factors.block(path), blocks[path], rtol=0, atol=floor)


@every
def test_gradients_per_example(name) -> None:
    c = case(name)
    alone = [cost_gradient(c.network, c.x[n : n + 1], c.y[n : n + 1]) for n in range(BATCH)]
    expected = c.positions * np.array(alone)  # an example's cost is the sum over its positions
    per_example = c.network.per_example
    assert_close(per_example.gradients(c.x, c.y).matrix, expected)
    assert_close(per_example.squared_norms(c.x, c.y), np.square(expected).sum(axis=1))
    assert_close(per_example.gram(c.x, c.y), expected @ expected.T)


@every
@pytest.mark.parametrize("order", ["auto", "reverse", "forward"])
def test_jacobians(name, order) -> None:
    c = case(name)
    (output,), (given,) = c.network.graph.outputs, c.network.graph.inputs
    rows, columns = (math.prod(c.network.graph.shapes[value]) for value in (output, given))
    whole = input_jacobian(c.network, c.x, given).reshape(BATCH, rows, BATCH, columns)
    expected = whole[range(BATCH), :, range(BATCH)]
    found = c.network.jacobian(c.x, wrt=given, order=order)
    assert_close(found.reshape(expected.shape), expected)
    sparse = c.network.jacobian(c.x, wrt=given, order=order, form="sparse")
    assert_close(sparse.toarray(), whole.reshape(BATCH * rows, BATCH * columns))
    factored = c.network.jacobian(c.x, wrt=given, form="factored")
    assert_close(factored.jvp(c.x).reshape(BATCH, rows), np.einsum("noi,ni->no", expected, c.x.reshape(BATCH, -1)))
    for path in c.parts:
        dense = parameter_jacobian(c.network, c.x, path)
        found = c.network.jacobian(c.x, wrt=path, order=order)
        np.testing.assert_allclose(found, dense, rtol=0, atol=1e-10 * max(1, np.abs(dense).max()))


@every
def test_pushed_and_pulled_vectors(name) -> None:
    c = case(name)
    rng = np.random.default_rng(1)
    (output,), (given,) = c.network.graph.outputs, c.network.graph.inputs
    shape = c.network.graph.shapes[output]
    whole = input_jacobian(c.network, c.x, given).reshape(BATCH * math.prod(shape), c.x.size)
    v, u = rng.standard_normal(c.x.shape), rng.standard_normal((BATCH, *shape))
    assert_close(c.network.jvp(c.x, v).reshape(-1), whole @ v.reshape(-1))
    assert_close(c.network.vjp(c.x, u).reshape(-1), whole.T @ u.reshape(-1))
    theta = c.network.parameters.like(rng.standard_normal(c.network.parameters.vector.size))
    jacobian = c.at.jacobian()
    assert_close(c.network.parameter_jvp(c.x, theta).reshape(-1), jacobian @ theta.vector)
    pulled = c.network.parameter_vjp(c.x, u)
    assert_close(np.concatenate([pulled[path].reshape(-1) for path in c.parts]), jacobian.T @ u.reshape(-1))


@every
def test_singular_values(name) -> None:
    c = case(name)
    (output,), (given,) = c.network.graph.outputs, c.network.graph.inputs
    rows, columns = (math.prod(c.network.graph.shapes[value]) for value in (output, given))
    blocks = input_jacobian(c.network, c.x, given).reshape(BATCH, rows, BATCH, columns)[range(BATCH), :, range(BATCH)]
    assert_close(c.network.spectrum(c.x)[given].error, np.linalg.svd(blocks, compute_uv=False), 1e-9)


@every
def test_normal_equations_and_a_step_of_levenberg_and_marquardt(name) -> None:
    c = case(name)
    squares = LeastSquares(c.network._engine, *c.network._samples(c.x, c.y, None))
    cost, normal, gradient = squares.normal_equations()
    assert cost == pytest.approx(c.network.cost(c.x, c.y), rel=1e-12)
    assert_close(normal, c.gauss_newton(), 1e-9)
    assert_close(gradient, cost_gradient(c.network, c.x, c.y), 1e-9)
    network = NETWORKS[name]()
    before = network.cost(c.x, c.y)
    network.fit(c.x, c.y, optimizer=LevenbergMarquardt(), epochs=3, seed=0)
    assert network.cost(c.x, c.y) < before


def test_batch_norm_in_training_refuses_what_is_per_example_by_name_and_nothing_else() -> None:
    layers = [Dense(units=3), BatchNorm(), Tanh(), Dense(units=2)]
    network = Network(layers, input_shape=(2,), cost=QuadraticCost(), seed=1)
    scatter(network)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 2)), rng.standard_normal((5, 2))
    for refused in (
        lambda: network.per_example.gradients(x, y, training=True),
        lambda: network.per_example.squared_norms(x, y, training=True),
        lambda: network.jacobian(x, training=True),
    ):
        with pytest.raises(BatchCoupledError, match="batch_norm_1"):
            refused()
    at = At(network, x, y, training=True)
    identity = np.eye(network.parameters.vector.size)
    assert_close(network.hvp(x, y, identity, training=True), at.hessian(), 1e-9)
    assert_close(network.ggn_vp(x, y, identity, training=True), at.gauss_newton(), 1e-9)
    assert_close(network.gradient(x, y, training=True).vector, cost_gradient(network, x, y, training=True))
    assert_close(network.curvature.gauss_newton_diagonal(x, y).vector, np.diag(At(network, x, y).gauss_newton()), 1e-9)
