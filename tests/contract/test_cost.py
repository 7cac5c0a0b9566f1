"""A cost of class numbers: value, gradient, Hessian and its root."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
from bpframe_activations import Tanh
from bpframe_reference import Dense, GradientDescent

from bpframe import Network
from bpframe.core.component import Cost
from bpframe.errors import DataError, ShapeMismatch
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.oracles import assert_close, cost_gradient, written_out

rng = np.random.default_rng(4)
X, Y = rng.standard_normal((7, 3)), rng.integers(0, 4, 7)


def network(**fields):
    return Network(
        [Dense(units=5), Tanh(), Dense(units=4)], input_shape=(3,), cost=SoftmaxCrossEntropy(), seed=2, **fields
    )


def test_value():
    net = network()
    expected = -scipy.special.log_softmax(net.predict(X), axis=1)[np.arange(7), Y].mean()
    assert net.cost(X, Y) == pytest.approx(expected, rel=1e-14)


def test_gradient():
    net = network()
    assert_close(net.gradient(X, Y).vector, cost_gradient(net, {"x": X}, Y))


def test_hessian_and_root():
    cost, a = SoftmaxCrossEntropy(), rng.standard_normal((3, 4))
    operator = cost.hessian(a).bind((4,), (4,))
    operator.check(3)
    for n in range(3):
        measured = written_out(lambda row, n=n: cost.jacobian(row[None], Y[n : n + 1])[0], a[n], "complex")
        assert_close(operator.dense()[n], measured)
    root = operator.root().bind((4,), (4,)).dense()
    assert_close(np.einsum("nij,nkj->nik", root, root), operator.dense(), 1e-14)


def test_accuracy_takes_class_numbers():
    net = network()
    expected = np.mean(net.predict(X).argmax(axis=1) == Y)
    assert net.accuracy(X, Y) == expected


def test_float32_targets_stay_integers():
    net = network(dtype="float32")
    history = net.fit(X, Y, optimizer=GradientDescent(learning_rate=0.5), epochs=20, batch_size=3)
    assert history.epochs[-1].cost < history.epochs[0].cost
    assert net.gradient(X, Y).vector.dtype == np.float32


def test_mistakes():
    net = network()
    with pytest.raises(
        DataError, match=r"the cost of 'dense_2' .softmax_cross_entropy.: forward failed: a class number is outside"
    ) as caught:
        net.cost(X, Y + 1)
    assert (caught.value.expected, caught.value.received) == ("0 to 3", "4")
    with pytest.raises(DataError, match="target of 'dense_2' holds no integers"):
        net.cost(X, Y + 0.5)
    with pytest.raises(ShapeMismatch, match="target of 'dense_2' has another shape"):
        net.cost(X, np.eye(4, dtype=int)[Y])
    with pytest.raises(
        ShapeMismatch, match=r"the cost of 'dense_1' .*cannot take its input: classes are scored"
    ) as caught:
        Network([Dense(units=4)], input_shape=(2, 3), cost=SoftmaxCrossEntropy())
    assert caught.value.received == "(2, 4)"


class Middle(Cost):
    """(mean of a − y)²: one number is aimed at, whatever the shape of the output."""

    def target_shape(self):
        return ()

    def forward(self, a, y):
        return (a.mean(axis=1) - y) ** 2

    def jacobian(self, a, y):
        return np.repeat(2 * (a.mean(axis=1) - y)[:, None] / a.shape[1], a.shape[1], axis=1)


def test_a_target_shape_that_is_always_the_same_needs_no_argument():
    net = Network([Dense(units=4)], input_shape=(3,), cost=Middle(), seed=2)
    y = rng.standard_normal(7)
    assert net.cost(X, y) == pytest.approx(((net.predict(X).mean(axis=1) - y) ** 2).mean(), rel=1e-14)
    assert_close(net.gradient(X, y).vector, cost_gradient(net, {"x": X}, y))
    with pytest.raises(ShapeMismatch, match="target of 'dense_1' has another shape"):
        net.cost(X, y[:, None])
