"""Cross-entropies of classes: as precise as mpmath, also where they are tiny; what counts is what is said to count."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from bpframe_classification import BinaryCrossEntropy, CrossEntropy
from bpframe_reference import Dense, GradientDescent

import bpframe as bp
from bpframe.errors import DataError, ShapeMismatch
from bpframe.testing.point import Point
from bpframe.testing.probing import probe_of

mp = mpmath.mp.clone()
mp.dps = 50

ROWS = [[0.0, 0.0, 0.0], [1e4, 0.0, -1e4], [40.0, 0.0, -3.0], [-1e4, -1e4 + 1, 300.0], [700.0, 690.0, 650.0]]


def costs_of(cost, a, y):
    """Return C and ∇_a C of arrays with a row per example."""
    probe = probe_of(cost, [a.shape[1:]])
    point = Point({"a": a}, {"y": y, "weight": np.ones((len(a), *probe.weight_shape))}, batch=len(a))
    return probe.value(point), probe.operators(point)["a"].dense().reshape(a.shape)


@pytest.mark.parametrize("right", [0, 1, 2])
def test_scores_far_apart_and_costs_near_zero_keep_their_precision(right: int) -> None:
    a, y = np.array(ROWS), np.full(len(ROWS), right)
    cost, gradient = costs_of(CrossEntropy(), a, y)
    for n, row in enumerate(ROWS):
        scores = [mp.mpf(each) for each in row]
        others = mp.fsum(mp.exp(each - scores[right]) for j, each in enumerate(scores) if j != right)
        np.testing.assert_allclose(cost[n], float(mp.log1p(others)), rtol=1e-13)
        total = mp.fsum(mp.exp(each) for each in scores)
        exact = [float(mp.exp(each) / total - (j == right)) for j, each in enumerate(scores)]
        np.testing.assert_allclose(gradient[n], exact, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("a", [-1e4, -700.0, -40.0, -1.0, 0.0, 1e-9, 3.0, 40.0, 700.0, 1e4])
def test_two_classes_are_as_precise(a: float, y: float) -> None:
    cost, gradient = costs_of(BinaryCrossEntropy(pos_weight=3.0), np.array([[a]]), np.array([[y]]))
    score = mp.mpf(a)
    exact = 3 * mp.mpf(y) * mp.log1p(mp.exp(-score)) + (1 - mp.mpf(y)) * mp.log1p(mp.exp(score))
    np.testing.assert_allclose(cost[0], float(exact), rtol=1e-13, atol=1e-300)
    slope = (1 - mp.mpf(y)) / (1 + mp.exp(-score)) - 3 * mp.mpf(y) / (1 + mp.exp(score))
    np.testing.assert_allclose(gradient[0, 0], float(slope), rtol=1e-13, atol=0 if y in (0, 1) else 1e-16)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_largest_scores_have_finite_costs_and_gradients(dtype: str) -> None:
    largest = np.finfo(dtype).max / 4
    a = np.array([[largest, -largest, 0.0]], dtype)
    for cost, y in ((CrossEntropy(), np.array([1])), (BinaryCrossEntropy(), np.array([[0.0, 1.0, 1.0]], dtype))):
        assert all(np.isfinite(each).all() for each in costs_of(cost, a, y))


def net_of(cost, **options):
    return bp.Network([Dense(units=3)], cost=cost, input_shape=(4,), seed=2, **options)


@pytest.fixture
def examples():
    rng = np.random.default_rng(5)
    return rng.standard_normal((20, 4)), rng.integers(0, 3, 20)


def test_class_weights_are_sample_weights(examples):
    x, y = examples
    weights = (0.5, 2.0, 0.0)
    weighed, plain = net_of(CrossEntropy(class_weight=weights)), net_of(CrossEntropy())
    sample_weight = np.array(weights)[y]
    assert weighed.cost(x, y) == pytest.approx(plain.cost(x, y, sample_weight=sample_weight), rel=1e-14)
    np.testing.assert_allclose(
        weighed.gradient(x, y).vector, plain.gradient(x, y, sample_weight=sample_weight).vector, rtol=1e-12
    )
    given = np.arange(20.0)
    expected = plain.cost(x, y, sample_weight=given * sample_weight)
    assert weighed.cost(x, y, sample_weight=given) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("number", [-100, -1, 7])
def test_ignored_targets_are_left_out(examples, number):
    x, y = examples
    y = np.where(np.arange(20) % 4 == 0, number, y)
    kept = y != number
    ignoring, plain = net_of(CrossEntropy(ignore=number)), net_of(CrossEntropy())
    assert ignoring.cost(x, y) == pytest.approx(plain.cost(x[kept], y[kept]), rel=1e-14)
    expected = plain.gradient(x[kept], y[kept]).vector
    np.testing.assert_allclose(ignoring.gradient(x, y).vector, expected, rtol=1e-12, atol=1e-15)
    assert not ignoring.per_example.squared_norms(x, y)[~kept].any()


def test_nothing_but_ignored_targets_is_refused(examples):
    x, _ = examples
    with pytest.raises(DataError, match="no target counts"):
        net_of(CrossEntropy(ignore=-1)).cost(x, np.full(20, -1))


@pytest.mark.parametrize("wrong", [3, -1, -7])
def test_a_number_of_no_class_is_refused_in_the_first_step_and_in_the_hundredth(examples, wrong):
    x, y = examples
    net = net_of(CrossEntropy(ignore=-100))
    bad = y.copy()
    bad[7] = wrong
    rule = GradientDescent(learning_rate=0.1)
    for _ in range(8):
        with pytest.raises(DataError, match="a class number is outside the classes") as caught:
            net.train_step(x, bad, optimizer=rule)
        assert str(wrong) in str(caught.value.received)
        net.train_step(x, y, optimizer=rule)


def test_weights_of_other_classes_are_refused():
    with pytest.raises(ShapeMismatch, match="class_weight is not one number per class"):
        net_of(CrossEntropy(class_weight=(1.0, 2.0)))
    with pytest.raises(ShapeMismatch, match="pos_weight is not one number per score"):
        net_of(BinaryCrossEntropy(pos_weight=(1.0, 2.0)))


def test_positions_are_averaged_as_examples_are():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 5, 4)), rng.integers(0, 3, (6, 5))
    whole = bp.Network([Dense(units=3)], cost=CrossEntropy(), input_shape=(5, 4), seed=2)
    flat = net_of(CrossEntropy())
    assert whole.cost(x, y) == pytest.approx(flat.cost(x.reshape(30, 4), y.reshape(30)), rel=1e-14)
