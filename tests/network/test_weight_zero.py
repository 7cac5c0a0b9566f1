"""A weight of 0 leaves an example out, whatever its cost is; weights too large or small to count with are refused."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_regularisation import L2

import bpframe as bp
from bpframe.errors import DataError
from bpframe.extend import Cost, Diagonal
from tests.oracles import assert_close

X = np.abs(np.random.default_rng(0).standard_normal((6, 3)))
X[2] = 0
Y = np.random.default_rng(1).random((6, 2))
W = np.array([1, 2, 0, 1, 0.5, 1])
KEPT = W > 0


class Logarithm(Cost):
    """C = -Σ y log a: infinite at a = 0."""

    def forward(self, a, y):
        return -(y * np.log(a)).sum(axis=1)

    def jacobian(self, a, y):
        return -y / a

    def hessian(self, a, y):
        return Diagonal(y / a**2)


class CalledLogarithm(Logarithm):
    """The same, of a cost whose methods are called each time."""

    def forward(self, a, y):
        return -(y * next(map(np.log, [a]))).sum(axis=1)


def network(dtype="float64", cost=None, **fields):
    net = bp.Network(
        [Dense(units=2)], cost=cost or Logarithm(), input_shape=(3,), dtype=dtype, seed=1, **fields
    )  # a = 0 where x = 0
    net.parameters["dense_1.w"][:] = np.abs(net.parameters["dense_1.w"])
    net.parameters["dense_1.b"][:] = 0
    return net


def tangent(net):
    return np.ones_like(net.parameters.vector)


def vector(found):
    return getattr(found, "vector", found)


QUANTITIES = {
    "cost": lambda net, *a, **k: net.cost(*a, **k),
    "gradient": lambda net, *a, **k: net.gradient(*a, **k),
    "hvp": lambda net, *a, **k: net.hvp(*a, tangent(net), **k),
    "hvp by differences": lambda net, *a, **k: net.hvp(*a, tangent(net), method="difference", **k),
    "ggn_vp": lambda net, *a, **k: net.ggn_vp(*a, tangent(net), **k),
    "diagonal": lambda net, *a, **k: net.curvature.gauss_newton_diagonal(*a, **k),
    "Hessian diagonal": lambda net, *a, **k: net.curvature.hessian_diagonal(*a, **k),
    "empirical Fisher": lambda net, *a, **k: net.curvature.empirical_fisher_diagonal(*a, **k),
    "sum per example": lambda net, *a, **k: net.per_example.gradients(*a, **k).matrix.sum(axis=0),
}


@pytest.mark.parametrize("cost", [Logarithm, CalledLogarithm])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_an_infinite_cost_of_weight_0_is_left_out(quantity, dtype, cost):
    net, of = network(dtype, cost()), QUANTITIES[quantity]
    for _ in range(3):  # the third pass is repeated
        with np.errstate(divide="ignore", invalid="ignore"):
            found = vector(of(net, X, Y, sample_weight=W))
        rtol = 1e-3 if "differences" in quantity else 1e-5
        rtol = rtol if dtype == "float32" else rtol * 1e-6
        assert_close(found, vector(of(net, X[KEPT], Y[KEPT], sample_weight=W[KEPT])), rtol)


def test_a_training_leaves_it_out():
    net, other, rule = network(), network(), GradientDescent(learning_rate=0.01)
    fields = {"optimizer": rule, "epochs": 3, "batch_size": 6, "shuffle": False}
    history = net.fit(X, Y, sample_weight=W, **fields)
    left_out = other.fit(X[KEPT], Y[KEPT], sample_weight=W[KEPT], **fields)
    assert_close(net.parameters.vector, other.parameters.vector, 1e-12)
    assert_close(history.epochs[-1].cost, left_out.epochs[-1].cost, 1e-12)


@pytest.mark.parametrize("scale", [1e300, 1e39, 1e-46, 1e-310])
def test_weights_that_float32_cannot_hold_are_refused_of_gradients_per_example(scale):
    net = network("float32", QuadraticCost())
    with pytest.raises(DataError, match="too large or too small"):
        net.per_example.gradients(X, Y, sample_weight=W * scale)
    assert_close(net.cost(X, Y, sample_weight=W * scale), net.cost(X, Y, sample_weight=W), 1e-6)


class Counting(Cost):
    """½ w (a − y)²."""

    def forward(self, a, y, weight):
        return 0.5 * weight * ((a - y) ** 2).sum(axis=1)

    def jacobian(self, a, y, weight):
        return weight[:, None] * (a - y)


@pytest.mark.parametrize(("dtype", "scale"), [("float64", 1e308), ("float64", 1e-320), ("float32", 1e-45)])
def test_weights_whose_sum_is_no_number_are_refused_of_costs_that_ask_for_them(dtype, scale):
    net = network(dtype, Counting())
    weight = np.where(KEPT, 1.0, 0.0) * scale
    with pytest.raises(DataError, match="too large or too small"):
        net.cost(X, Y, sample_weight=weight)


def test_a_batch_in_which_nothing_counts_has_the_gradient_of_the_penalties():
    net = network(cost=QuadraticCost(), penalties={"*.w": L2(rate=0.5)})
    w = net.parameters["dense_1.w"].copy()
    fields = {"optimizer": GradientDescent(learning_rate=0.1), "epochs": 1, "batch_size": 3, "shuffle": False}
    net.fit(X, Y, sample_weight=[0, 0, 0, 1, 1, 1], **fields)
    other = network(cost=QuadraticCost(), penalties={"*.w": L2(rate=0.5)})
    rate = other.gradient(X, Y).vector - network(cost=QuadraticCost()).gradient(X, Y).vector
    other.parameters.vector[:] -= 0.1 * rate
    assert not np.array_equal(other.parameters["dense_1.w"], w)
    other.train_step(X[3:], Y[3:], optimizer=GradientDescent(learning_rate=0.1))
    assert_close(net.parameters.vector, other.parameters.vector, 1e-12)
