"""What the costs promise in a network: weights and masks, methods of second order, refusals, undefined batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bpframe_classification import (
    AbsoluteCost,
    BinaryCrossEntropy,
    CrossEntropy,
    GaussianNllCost,
    HingeCost,
    HuberCost,
    KlDivergenceCost,
    PoissonNllCost,
    ProbabilityCrossEntropy,
    QuantileCost,
)
from bpframe_minimizers import LBFGS, GaussNewton, LevenbergMarquardt
from bpframe_reference import Dense, GradientDescent, Identity, Sigmoid

import bpframe as bp
from bpframe.errors import BpframeError, DataError, DerivativeError, ShapeMismatch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
SHARES = RNG.dirichlet(np.ones(3), 30)
CLASSES = (X @ RNG.normal(size=(3, 3))).argmax(axis=1)

CONVEX = [
    (HuberCost(delta=0.5), RNG.normal(size=(30, 3)), []),
    (PoissonNllCost(), RNG.poisson(2.0, (30, 3)).astype(float), []),
    (KlDivergenceCost(), SHARES, []),
    (HingeCost(squared=True), CLASSES, []),
    (HingeCost(targets="binary", squared=True), np.eye(3)[CLASSES], []),
    (ProbabilityCrossEntropy(targets="binary"), 0.1 + 0.8 * np.eye(3)[CLASSES], [Sigmoid()]),
]


def network(cost: Any, layers: Any = (), units: int = 3) -> bp.Network:
    return bp.Network([Dense(units=units), *layers], cost=cost, input_shape=(3,), seed=1)


@pytest.mark.parametrize("optimizer", [LevenbergMarquardt(), GaussNewton()], ids=lambda each: each.kind)
@pytest.mark.parametrize(("cost", "y", "layers"), CONVEX, ids=[each[0].kind for each in CONVEX])
def test_methods_of_least_squares_minimise_convex_costs(cost: Any, y: Any, layers: Any, optimizer: Any) -> None:
    net = network(cost, layers)
    net.fit(X, y, optimizer=optimizer, epochs=60)

    assert np.abs(net.gradient(X, y).vector).max() < 1e-5
    lower = network(cost, layers)
    lower.fit(X, y, optimizer=LBFGS(), epochs=100)
    assert net.cost(X, y) < lower.cost(X, y) + 1e-6


@pytest.mark.parametrize(
    ("cost", "y"),
    [(AbsoluteCost(), X), (QuantileCost(q=0.9), X), (HingeCost(), CLASSES)],
    ids=["absolute", "quantile", "hinge"],
)
def test_with_no_curvature_levenberg_marquardt_still_descends(cost: Any, y: Any) -> None:
    net = network(cost)
    before = net.cost(X, y)
    net.fit(X, y, optimizer=LevenbergMarquardt(), epochs=20)
    assert net.cost(X, y) < before / 5


def test_a_normal_distribution_with_its_variance_is_not_convex_and_gauss_newton_says_so() -> None:
    net, y = network(GaussianNllCost(), units=6), RNG.normal(size=(30, 3))
    with pytest.raises(DerivativeError, match=r"gaussian_nll.*no root"):
        net.fit(X, y, optimizer=GaussNewton(), epochs=1)
    direction = RNG.normal(size=net.parameters.vector.size)
    exact = net.hvp(X, y, direction)
    theta, h = net.parameters.vector.copy(), 1e-6
    ends = []
    for sign in (1, -1):
        net.load_parameters(net.parameters.like(theta + sign * h * direction).views)
        ends.append(net.gradient(X, y).vector)
    np.testing.assert_allclose(exact, (ends[0] - ends[1]) / (2 * h), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("cost", "units", "y"),
    [
        (HuberCost(), 3, RNG.normal(size=(4, 2, 3))),
        (AbsoluteCost(), 3, RNG.normal(size=(4, 2, 3))),
        (GaussianNllCost(), 6, RNG.normal(size=(4, 2, 3))),
        (QuantileCost(q=(0.1, 0.5, 0.9)), 3, RNG.normal(size=(4, 2))),
        (PoissonNllCost(), 3, RNG.poisson(2.0, (4, 2, 3)).astype(float)),
        (KlDivergenceCost(), 3, RNG.dirichlet(np.ones(3), (4, 2))),
    ],
    ids=lambda each: getattr(each, "kind", None),
)
def test_what_a_mask_leaves_out_might_be_anything(cost: Any, units: int, y: Any) -> None:
    x = RNG.normal(size=(4, 2, 3))
    net = bp.Network([Dense(units=units)], cost=cost, input_shape=(2, 3), seed=1)
    mask = np.array([[1, 0], [1, 1], [0, 1], [1, 1]], bool)
    mask = mask if cost.kind in ("quantile", "kl_divergence") else np.stack([mask, ~mask, mask], axis=-1)
    changed = y.copy()
    changed[~mask] = 1e30 if cost.kind != "kl_divergence" else 0.5  # a share still
    assert net.cost(x, changed, sample_weight=mask) == net.cost(x, y, sample_weight=mask)
    gradients = [net.gradient(x, each, sample_weight=mask).vector for each in (y, changed)]
    np.testing.assert_array_equal(*gradients)


def test_the_mean_is_over_what_counts() -> None:
    x, y = RNG.normal(size=(4, 2, 3)), RNG.normal(size=(4, 2, 3))
    net = bp.Network([Dense(units=3)], cost=AbsoluteCost(), input_shape=(2, 3), seed=1)
    mask, off = RNG.random((4, 2, 3)) < 0.5, np.abs(net.predict(x) - y)
    assert np.isclose(net.cost(x, y), off.mean(), rtol=1e-13)
    assert np.isclose(net.cost(x, y, sample_weight=mask), off[mask].mean(), rtol=1e-13)
    gradient = net.gradient(x, y, sample_weight=mask)
    expected = np.einsum("nti,ntj->ij", np.sign(net.predict(x) - y) * mask, x) / mask.sum()
    np.testing.assert_allclose(gradient["dense_1.w"], expected, rtol=1e-12, atol=1e-14)


def test_examples_none_of_which_count_are_refused() -> None:
    with pytest.raises(DataError):
        network(HuberCost()).cost(X, X, sample_weight=np.zeros(30))


@pytest.mark.parametrize(
    ("cost", "units"),
    [(GaussianNllCost(), 3), (QuantileCost(q=(0.1, 0.9)), 3), (HingeCost(), 1)],
    ids=["odd", "another number of quantiles", "one class"],
)
def test_outputs_that_do_not_fit_are_refused_when_the_network_is_built(cost: Any, units: int) -> None:
    with pytest.raises(ShapeMismatch):
        network(cost, units=units)


@pytest.mark.parametrize("cost", [HingeCost(), ProbabilityCrossEntropy()], ids=lambda each: each.kind)
def test_a_number_that_is_no_class_is_refused(cost: Any) -> None:
    with pytest.raises(BpframeError, match=r"3"):
        network(cost, [Sigmoid()]).cost(X, np.full(30, 3))


def test_a_share_outside_0_and_1_is_no_quantile() -> None:
    for wrong in (0.0, 1.0, (0.5, 1.2), ()):
        with pytest.raises(BpframeError):
            QuantileCost(q=wrong)


@pytest.mark.parametrize(
    ("cost", "y", "said"),
    [
        (CrossEntropy(), np.full(30, 3), "outside the classes"),
        (CrossEntropy(ignore=7), np.full(30, 8), "outside the classes"),
        (CrossEntropy(targets="probabilities"), X, "no share of a class"),
        (BinaryCrossEntropy(), 2.0 + np.zeros((30, 3)), "no yes, no, or share"),
        (HingeCost(), np.full(30, 3), "outside the classes"),
        (PoissonNllCost(), -np.ones((30, 3)), "no count"),
        (KlDivergenceCost(), X, "no share of a class"),
    ],
    ids=lambda each: getattr(each, "kind", None),
)
def test_targets_that_mean_nothing_are_refused_wherever_they_come_in(cost: Any, y: Any, said: str) -> None:
    net = network(cost)
    rule = GradientDescent(learning_rate=0.1)
    calls: list[Callable[[], Any]] = [
        lambda: net.cost(X, y),
        lambda: net.gradient(X, y),
        lambda: net.fit(X, y, optimizer=rule, epochs=1),
        lambda: net.train_step(X, y, optimizer=rule),
    ]
    for call in (*calls, *calls):
        with pytest.raises(DataError, match=said):
            call()


def test_scores_that_are_handed_over_as_probabilities_have_no_cost() -> None:
    for dtype in ("float32", "float64"):
        net = bp.Network([Identity()], cost=ProbabilityCrossEntropy(), input_shape=(2,), dtype=dtype)
        for wrong in ([[3.0, 0.5]], [[-0.2, 0.5]]):
            assert np.isnan(net.cost(wrong, [0]))
            assert np.isfinite(net.cost(wrong, [1]))  # of the others nothing is asked
        assert np.isfinite(net.cost([[1.0 + np.finfo(dtype).eps, 0.0]], [0]))
        assert np.isinf(net.cost([[1.0, 0.0]], [1]))


def test_one_hot_rows_for_a_cost_of_class_numbers_are_told_how_to_become_numbers() -> None:
    with pytest.raises(ShapeMismatch, match=r"argmax\(axis=-1\)"):
        network(CrossEntropy()).cost(X, np.eye(3)[np.zeros(30, int)])


def test_labels_that_are_texts_are_told_how_to_become_numbers() -> None:
    with pytest.raises(DataError, match=r"return_inverse=True"):
        network(CrossEntropy()).cost(X, np.array(["cat", "dog", "owl"] * 10))
