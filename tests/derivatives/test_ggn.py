"""Products with the Gauss–Newton matrix and the Fisher information, against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import BatchNorm

from bpframe import Network
from bpframe.errors import DerivativeError
from bpframe.extend import Array, Operator
from tests.components.activations import Sine
from tests.components.cross_entropy import SoftmaxCrossEntropy, SoftmaxHessian, softmax
from tests.contract.cases import Case
from tests.oracles import assert_close
from tests.trials.huber import HuberCost

from .dense import At
from .vectors import PARAMETERS_AND_INPUTS, columns, flat
from .zoo import made, named


@pytest.mark.parametrize(("example", "wrt"), PARAMETERS_AND_INPUTS)
def test_all_columns_of_every_network(example, wrt) -> None:
    network = example.make()
    x, y = example.data()
    vectors = columns(network, x, wrt)
    found = flat(network.ggn_vp(x, y, vectors, wrt=wrt))
    assert_close(found, At(network, x, y, wrt).gauss_newton(), 1e-9)
    np.testing.assert_allclose(flat(network.fisher_vp(x, y, vectors, wrt=wrt)), found, rtol=1e-12)
    assert np.linalg.eigvalsh(found).min() > -1e-12 * np.abs(found).max()


def test_examples_that_are_coupled_in_training() -> None:
    network = Case("batch_norm", BatchNorm(epsilon=0.1), {"x": (3,)}).trainable()
    rng = np.random.default_rng(0)
    x, y = {"x": rng.standard_normal((4, 3))}, rng.standard_normal((4, 2))
    for wrt in ("parameters", "inputs"):
        found = flat(network.ggn_vp(x, y, columns(network, x, wrt), wrt=wrt, training=True))
        assert_close(found, At(network, x, y, wrt, training=True).gauss_newton(), 1e-9)


@pytest.mark.parametrize("name", ["linear", "sigmoid-quadratic"])
def test_it_is_the_hessian_of_a_linear_network_with_quadratic_cost_alone(name) -> None:
    network = Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    if name == "linear":
        basis = np.eye(8)
        np.testing.assert_allclose(network.hvp(x, y, basis), network.ggn_vp(x, y, basis), rtol=1e-12, atol=1e-14)
        deep = named("linear").make()
        x, y = named("linear").data()
        basis = {"x": np.eye(16).reshape(16, 4, 4)}
        hessian, gauss_newton = (f(x, y, basis, wrt="inputs")["x"] for f in (deep.hvp, deep.ggn_vp))
        np.testing.assert_allclose(hessian, gauss_newton, rtol=1e-11, atol=1e-13)
    else:
        bent = named(name).make()
        basis = np.eye(bent.parameters.vector.size)
        x, y = named(name).data()
        assert np.abs(bent.hvp(x, y, basis) - bent.ggn_vp(x, y, basis)).max() > 1e-3


def test_nobodys_second_order_is_asked_for() -> None:
    network, x, y = made(Dense(units=3), Sine(), Dense(units=2))
    basis = np.eye(network.parameters.vector.size)
    assert_close(network.ggn_vp(x, y, basis), At(network, x, y).gauss_newton(), 1e-9)


class Saving(SoftmaxCrossEntropy):
    """Reads its Hessian from what forward saved, which might depend on the target."""

    def forward(self, a: Array, y: Array, saved: dict[str, Array]) -> Array:
        saved["p"] = softmax(a)
        return super().forward(a, y)

    def hessian(self, saved: dict[str, Array]) -> Operator:
        return SoftmaxHessian(saved["p"])


def test_a_cost_whose_hessian_may_depend_on_the_target_has_no_fisher_information() -> None:
    network, x, y = made(Dense(units=2), cost=HuberCost())
    v = np.ones(8)
    network.ggn_vp(x, y, v)
    with pytest.raises(DerivativeError, match=r"'dense_1' \(huber\): its hessian asks for 'y'") as caught:
        network.fisher_vp(x, y, v)
    assert "empirical_fisher" in caught.value.hint
    network, x, y = made(Dense(units=2), cost=Saving())
    with pytest.raises(DerivativeError, match="asks for 'saved'"):
        network.fisher_vp(x, np.zeros(4, int), v)


def test_fisher_information_is_the_expectation_over_targets() -> None:
    example = named("softmax-cross-entropy")
    network = example.make()
    x, _ = example.data()
    probabilities = softmax(network.predict(x))
    size = network.parameters.vector.size
    expected = np.zeros((size, size))
    for n in range(len(x)):
        for label in range(3):
            g = network.gradient(x[n : n + 1], np.array([label])).vector
            expected += probabilities[n, label] / len(x) * np.outer(g, g)
    assert_close(network.fisher_vp(x, np.zeros(len(x), int), np.eye(size)), expected, 1e-10)
