"""Sample weights: the weighted mean, in passes, in training and in what is measured; and what is no weight."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bpframe_minimizers import LevenbergMarquardt, NaturalGradient
from bpframe_reference import Dense, GradientDescent

import bpframe as bp
from bpframe.errors import BpframeError, DataError, ShapeMismatch
from bpframe.runs import evaluate
from tests.oracles import assert_close
from tests.passes import programs

from .networks import chain, samples, shared, shared_samples

W = np.array([0.5, 0, 2, 1, 0, 3, 0.25])


def descent():
    return GradientDescent(learning_rate=0.3)


def alone(net, x, y):
    """Return the quadratic cost of every example, written out."""
    return np.square(net.predict(x) - y).sum(axis=1) / 2


def gradients_of(net, x, y, weights):
    return [net.gradient(x, y, sample_weight=each).vector.tobytes() for each in weights]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_passes_that_are_repeated_give_the_bytes_of_called_ones_when_weights_change_from_step_to_step(
    dtype, monkeypatch
):
    x, y = samples(dtype=dtype)
    weights = np.random.default_rng(0).random((40, len(x)))
    weights[::7, :5] = 0
    repeated = chain(dtype)
    found = gradients_of(repeated, x, y, weights)
    costs = [repeated.cost(x, y, sample_weight=each) for each in weights]
    assert all(each.is_bound for each in programs(repeated))
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    called = chain(dtype)
    assert gradients_of(called, x, y, weights) == found
    assert [called.cost(x, y, sample_weight=each) for each in weights] == costs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_weighted_training_leaves_the_bytes_of_one_that_calls_every_component(dtype, monkeypatch):
    x, y = samples(23, dtype)
    weights = np.random.default_rng(1).integers(0, 3, 23)

    def trained():
        net = chain(dtype)
        history = net.fit(x, y, sample_weight=weights, optimizer=descent(), epochs=6, batch_size=5)
        return net.parameters.vector.tobytes(), [each.cost for each in history.epochs]

    found = trained()
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    assert trained() == found


def test_passes_without_weights_do_not_hear_of_passes_with_them():
    x, y = samples()
    net, other = chain(), chain()
    plain = [other.gradient(x, y).vector.tobytes() for _ in range(6)]
    mixed = []
    for _ in range(6):
        net.gradient(x, y, sample_weight=W)
        mixed.append(net.gradient(x, y).vector.tobytes())
    assert mixed == plain


def test_a_step_is_of_the_mean_over_its_own_batch():
    x, y = samples()
    net, other = chain(), chain()
    net.fit(x, y, sample_weight=W, optimizer=descent(), epochs=1, batch_size=4, shuffle=False)
    for rows in (slice(0, 4), slice(4, 7)):
        alone = other.per_example.gradients(x[rows], y[rows]).matrix
        other.parameters.vector[:] -= 0.3 * (W[rows] @ alone / W[rows].sum())
    assert_close(net.parameters.vector, other.parameters.vector)


def test_the_cost_of_an_epoch_is_the_weighted_mean():
    x, y = samples()
    net = chain()
    still = GradientDescent(learning_rate=1e-300)
    history = net.fit(x, y, sample_weight=W, optimizer=still, epochs=1, batch_size=2)
    assert_close(history.epochs[0].cost, W @ alone(net, x, y) / W.sum())


def test_a_batch_in_which_nothing_counts_does_not_move_the_parameters():
    x, y = samples(8)
    weights = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    net, other = chain(), chain()
    history = net.fit(x, y, sample_weight=weights, optimizer=descent(), epochs=1, batch_size=4, shuffle=False)
    other.fit(x[4:], y[4:], sample_weight=weights[4:], optimizer=descent(), epochs=1, batch_size=4, shuffle=False)
    assert_close(net.parameters.vector, other.parameters.vector)
    assert history.steps == 2
    assert np.isfinite(history.epochs[0].cost)


def test_levenberg_marquardt_counts_weighted_examples():
    x, y = samples(12)
    counts = np.random.default_rng(3).integers(0, 3, 12)
    net, other = chain(), chain()
    one = net.fit(x, y, sample_weight=counts, optimizer=LevenbergMarquardt(), epochs=4)
    two = other.fit(
        np.repeat(x, counts, axis=0), np.repeat(y, counts, axis=0), optimizer=LevenbergMarquardt(), epochs=4
    )
    assert_close([each.cost for each in one.epochs], [each.cost for each in two.epochs], 1e-9)
    assert_close(net.parameters.vector, other.parameters.vector, 1e-7)


def test_validation_data_may_have_weights():
    x, y = samples()
    net = chain()
    history = net.fit(x, y, optimizer=descent(), epochs=1, validation_data=(x, y, W), metrics=["accuracy"])
    assert_close(history.epochs[0].validation_cost, W @ alone(net, x, y) / W.sum())
    assert_close(history.epochs[0].validation_cost, net.cost(x, y, sample_weight=W))
    right = net.predict(x).argmax(axis=1) == y.argmax(axis=1)
    assert_close(history.epochs[0].validation_accuracy, W @ right / W.sum())
    assert_close(net.accuracy(x, y, sample_weight=W), history.epochs[0].validation_accuracy)
    assert net.fit(x, y, sample_weight=[0, 1, 1, 1, 1, 1, 1], optimizer=descent(), epochs=1, metrics=["accuracy"])


def test_accuracy_and_evaluation_are_weighted_means():
    scores, classes = np.array([[1.0, 0], [0, 1], [1, 0]]), np.array([0, 0, 1])
    assert bp.accuracy(scores, classes, np.array([3.0, 1, 0])) == 0.75
    net = chain()
    x, _ = samples(3)
    found = evaluate(net, x, np.eye(2)[classes], sample_weight=np.array([3.0, 1, 0]))
    assert_close(found.cost, np.array([3, 1, 0]) @ alone(net, x, np.eye(2)[classes]) / 4)
    assert found.accuracy == net.accuracy(x, classes, sample_weight=np.array([3.0, 1, 0]))
    with pytest.raises(DataError, match="below 0"):
        bp.accuracy(scores, classes, np.array([3.0, -1, 0]))


def test_errors_are_those_of_each_examples_weighted_cost():
    x, y = samples()
    net = chain()
    plain, weighted = net.errors(x, y), net.errors(x, y, sample_weight=W)
    for name in plain:
        assert_close(weighted[name], W[:, None] * plain[name])


def test_gradient_checks_measure_the_weighted_cost():
    net, (x, y) = shared(), shared_samples()
    report = net.check_gradients(x, y, sample_weight={"sum": [0, 1, 2, 3, 4]})
    assert report, str(report)
    assert not report.undecided


def test_threads_may_ask_for_gradients_under_different_weights():
    x, y = samples()
    net = chain()
    weights = np.random.default_rng(2).random((60, len(x)))
    expected = gradients_of(chain(), x, y, weights)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: net.gradient(x, y, sample_weight=each).vector.tobytes(), weights))
    assert found == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_only_ratios_of_weights_count_however_large_they_are(dtype):
    x, y = samples(dtype=dtype)
    net = chain(dtype)
    expected = net.gradient(x, y, sample_weight=W).vector
    for size in (1e-30, 1e30, 5e307):
        assert_close(
            net.gradient(x, y, sample_weight=W / 3 * size).vector, expected, 1e-5 if dtype == "float32" else 1e-14
        )


class Series:
    """What a column of pandas has in common with others: it makes an array of itself."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


def test_weights_come_as_lists_truth_values_and_columns_of_tables():
    x, y = samples()
    net = chain()
    kept = net.cost(x[W > 0], y[W > 0])
    for each in (W > 0, list(W > 0), (W > 0).astype(int), Series(W > 0)):
        assert_close(net.cost(x, y, sample_weight=each), kept)


WRONG = {
    "negative": ([1, -1, 1, 1, 1, 1, 1], DataError, ["sample_weight", "below 0", "-1", "[1]"]),
    "NaN": ([1, np.nan, 1, 1, 1, 1, 1], DataError, ["sample_weight", "finite", "[1]"]),
    "infinite": ([1, np.inf, 1, 1, 1, 1, 1], DataError, ["sample_weight", "finite"]),
    "too few": ([1, 1], ShapeMismatch, ["sample_weight", "(N,)", "N = 7", "(2,)"]),
    "a number": (2.0, ShapeMismatch, ["sample_weight", "(N,)", "()"]),
    "a column": (np.ones((7, 1)), ShapeMismatch, ["sample_weight", "(7, 1)", "ask for `weight`"]),
    "zeros": (np.zeros(7), DataError, ["sample_weight", "no example counts"]),
    "text": (list("abcdefg"), DataError, ["sample_weight", "real numbers"]),
    "complex": (np.ones(7, complex), DataError, ["sample_weight", "real numbers"]),
    "masked": (np.ma.masked_array(np.ones(7), [0, 1, 0, 0, 0, 0, 0]), DataError, ["sample_weight", "masked", "[1]"]),
    "another output": ({"sigmoid_1": np.ones(7)}, DataError, ["sigmoid_1", "sigmoid_2"]),
    "ragged": ([[1], [1, 2]] * 3, DataError, ["sample_weight"]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_weight_is_refused_everywhere_before_anything_changes(wrong):
    weights, kind, parts = WRONG[wrong]
    x, y = samples()
    net = chain()
    before = net.parameters.vector.tobytes()
    for call in (
        lambda: net.cost(x, y, sample_weight=weights),
        lambda: net.gradient(x, y, sample_weight=weights),
        lambda: net.curvature.kfac(x, y, sample_weight=weights),
        lambda: net.fit(x, y, sample_weight=weights, optimizer=descent()),
        lambda: net.fit(x, y, optimizer=descent(), validation_data=(x, y, weights)),
    ):
        with pytest.raises(BpframeError) as caught:
            call()
        assert isinstance(caught.value, kind)
        assert [part for part in parts if part not in str(caught.value)] == [], str(caught.value)
    assert net.parameters.vector.tobytes() == before


def test_an_epoch_of_a_method_that_takes_mini_batches_is_the_weighted_mean_too():
    x, y = samples(12)
    weights = np.array([0, 0, 0, 1, 2, 0.5, 3, 0, 1, 1, 0.25, 1])
    net = chain()
    still = NaturalGradient(learning_rate=1e-300)
    history = net.fit(x, y, sample_weight=weights, optimizer=still, epochs=1, batch_size=3, shuffle=False)
    assert_close(history.epochs[0].cost, weights @ alone(net, x, y) / weights.sum())


def test_single_weighted_steps_are_those_of_fit():
    x, y = samples(8)
    weights, rule = np.array([1, 0, 2, 0.5, 0, 0, 0, 3]), descent()
    net, other = chain(), chain()
    net.fit(x, y, sample_weight=weights, optimizer=rule, epochs=1, batch_size=4, shuffle=False)
    for rows in (slice(0, 4), slice(4, 8)):
        some = x[rows], y[rows]
        expected = other.cost(*some, sample_weight=weights[rows])
        assert_close(other.train_step(*some, optimizer=rule, sample_weight=weights[rows]), expected)
    assert_close(net.parameters.vector, other.parameters.vector)


class Logarithm(bp.extend.Cost):
    """C = −Σ y ln a: infinite, or NaN in its derivatives, where a is 0."""

    def forward(self, a, y):
        return -(y * np.log(a)).sum(axis=-1)

    def jacobian(self, a, y):
        return -y / a

    def hessian(self, a, y):
        return bp.extend.Diagonal(y / a**2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_example_of_weight_0_whose_cost_is_infinite_might_as_well_be_left_out(dtype):
    rng = np.random.default_rng(2)
    x, y = rng.random((6, 2)).astype(dtype), rng.random((6, 3)).astype(dtype)
    net = bp.Network([Dense(units=3)], cost=Logarithm(), input_shape=(2,), dtype=dtype)
    net.parameters["dense_1.w"][...], net.parameters["dense_1.b"][...] = rng.random((3, 2)) + 0.5, 0
    x[1] = 0
    v, left = rng.normal(size=net.parameters.vector.size), np.arange(6) != 1
    few, all_ = (x[left], y[left]), (x, y)

    def found(samples, weight):
        words = {"sample_weight": weight}
        trained = copy.deepcopy(net)
        trained.fit(*samples, **words, optimizer=GradientDescent(learning_rate=0.01), epochs=8, batch_size=6)
        return {
            "cost": net.cost(*samples, **words),
            "gradient": net.gradient(*samples, **words).vector,
            "hvp": net.hvp(*samples, v, **words),
            "ggn_vp": net.ggn_vp(*samples, v, **words),
            "diagonal": net.curvature.gauss_newton_diagonal(*samples, **words).vector,
            "empirical": net.curvature.empirical_fisher_diagonal(*samples, **words).vector,
            "fit": trained.parameters.vector,
        }

    expected = found(few, np.ones(5))
    for name, value in found(all_, left.astype(dtype)).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4 if dtype == "float32" else 1e-10, err_msg=name)
