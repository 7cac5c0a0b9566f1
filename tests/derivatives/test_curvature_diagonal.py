"""Diagonals of the Gauss–Newton and Fisher matrices, against dense matrices from forward passes alone."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid

from bpframe import Network
from bpframe.derivatives.curvature import columns as columns_module
from bpframe.derivatives.points import memory
from bpframe.errors import ContractError, DataError, DerivativeError
from bpframe.extend import Array
from bpframe.forms.kronecker_form import KroneckerForm
from bpframe.forms.scattered_form import ScatteredForm
from tests.oracles import assert_close
from tests.trials.huber import HuberCost

from .dense import At
from .zoo import ZOO, made, named


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_it_is_the_diagonal_of_the_dense_matrix(example) -> None:
    network = example.make()
    x, y = example.data()
    found = network.curvature.gauss_newton_diagonal(x, y)
    assert_close(found.vector, np.diag(At(network, x, y).gauss_newton()), 1e-9)
    np.testing.assert_array_equal(network.curvature.fisher_diagonal(x, y).vector, found.vector)
    for path, shape in network.parameters.shapes.items():
        assert found[path].shape == shape


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_the_empirical_fisher_diagonal_is_that_of_the_gradients_per_example(example) -> None:
    network = example.make()
    x, y = example.data()
    found = network.curvature.empirical_fisher_diagonal(x, y)
    assert_close(found.vector, np.diag(At(network, x, y).empirical_fisher()), 1e-9)


@pytest.mark.parametrize("name", ["sigmoid-quadratic", "softmax-cross-entropy", "convolution", "gated-two-outputs"])
def test_random_vectors_estimate_it_without_bias(name) -> None:
    """The mean over many is as close as its own spread allows, and closer than any constant factor would be."""
    example = named(name)
    network = example.make()
    x, y = example.data()
    curvature = network.curvature
    exact = curvature.gauss_newton_diagonal(x, y).vector
    estimates = np.array([curvature.gauss_newton_diagonal(x, y, samples=4, seed=s).vector for s in range(400)])
    error = np.abs(estimates.mean(axis=0) - exact)
    spread = estimates.std(axis=0) / np.sqrt(len(estimates))
    assert (error <= 5 * spread + 1e-12 * exact.max()).all()
    assert error.max() < 0.1 * exact.max()
    assert not np.array_equal(estimates[0], estimates[1])
    np.testing.assert_array_equal(curvature.gauss_newton_diagonal(x, y, samples=4, seed=1).vector, estimates[1])


def test_portions_of_examples_and_columns_add_up(monkeypatch) -> None:
    example = named("convolution-cross-entropy")
    network = example.make()
    x, y = example.data(batch=7)
    whole = network.curvature.gauss_newton_diagonal(x, y).vector
    empirical = network.curvature.empirical_fisher_diagonal(x, y).vector
    asked = []

    def portion(count, bytes_each):
        asked.append(count)
        return 2

    monkeypatch.setattr(memory, "portion", portion)  # of the examples
    monkeypatch.setattr(columns_module, "portion", portion)
    np.testing.assert_allclose(network.curvature.gauss_newton_diagonal(x, y).vector, whole, rtol=1e-13)
    assert asked == [7, 3, 3, 3, 3]
    np.testing.assert_allclose(network.curvature.empirical_fisher_diagonal(x, y).vector, empirical, rtol=1e-13)


def test_what_cannot_be_computed_is_refused_by_name() -> None:
    network, x, y = made(Dense(units=2), cost=HuberCost())
    network.curvature.gauss_newton_diagonal(x, y)
    with pytest.raises(DerivativeError, match="its hessian asks for 'y'"):
        network.curvature.fisher_diagonal(x, y)
    network, x, y = made(Dense(units=2))
    for samples in (0, 1.5, True, "2"):
        with pytest.raises(DerivativeError, match="samples"):
            network.curvature.gauss_newton_diagonal(x, y, samples=samples)
    with pytest.raises(DerivativeError, match="seed"):
        network.curvature.gauss_newton_diagonal(x, y, samples=1, seed=-1)
    with pytest.raises(DataError, match="no examples"):
        network.curvature.gauss_newton_diagonal(x[:0], y[:0])


@pytest.mark.parametrize("places", [1, 3])
@pytest.mark.parametrize("stack", [(), (2,), (2, 3)])
def test_weighted_squares_of_a_form_are_those_of_its_vectors(places, stack) -> None:
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((*stack, 5, places, 4)), rng.standard_normal((5, places, 2))
    rows = rng.integers(0, 2, (5, places))
    for form in (KroneckerForm(left, right, (2, 2, 2)), ScatteredForm(rows, left, (2, 4))):
        weights = rng.standard_normal((*stack, 5))
        vectors = form.vectors()
        over = tuple(range(len(stack) + 1))
        squares = vectors**2 * weights.reshape(*weights.shape, *(1,) * len(form.shape))
        np.testing.assert_allclose(form.sum_of_squares(weights), squares.sum(axis=over), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(form.sum_of_squares(), (vectors**2).sum(axis=over), rtol=1e-12)


def test_nothing_of_the_size_of_examples_times_parameters_is_formed() -> None:
    network = Network([Dense(units=150), Sigmoid(), Dense(units=150)], cost=QuadraticCost(), input_shape=(150,), seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 250, 150))
    too_much = len(x) * network.parameters.vector.nbytes  # 90 MB
    for name in ("gauss_newton_diagonal", "empirical_fisher_diagonal", "kfac", "hessian_diagonal"):
        tracemalloc.start()
        getattr(network.curvature, name)(x, y)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < too_much / 2


class Squeezed(QuadraticCost):
    """A cost whose gradient lacks the axis of the features, which would broadcast."""

    def jacobian(self, a: Array, y: Array) -> Array:
        return (a - y).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["empirical_fisher_diagonal", "hessian_diagonal"])
def test_curvature_that_needs_no_gradient_does_not_vouch_for_it(name) -> None:
    network = Network([Dense(units=3), Sigmoid(), Dense(units=2)], cost=Squeezed(), input_shape=(4,), seed=0)
    x, y = np.ones((5, 4)), np.zeros((5, 2))
    network.curvature.gauss_newton_diagonal(x, y)
    for call in (getattr(network.curvature, name), network.per_example.squared_norms):
        with pytest.raises(ContractError, match="jacobian must return ∇_a C"):
            call(x, y)
