"""Accuracy: the share of examples whose class is right; NaN is wrong, of equal outputs the first counts."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_metrics import F1, Accuracy, ConfusionMatrix, Recall, TopK
from bpframe_reference import Dense, Identity, QuadraticCost, Sigmoid
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import bpframe as bp
from bpframe.errors import ContractError, DataError, ShapeMismatch, SpecError
from bpframe.extend import Metric
from bpframe.runs import evaluate
from tests.network.networks import chain, descent, samples, shared, shared_samples


class Largest(Metric):
    """The largest output of all."""

    def measure(self, prediction):
        return prediction.max()


SCORES = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.1], [0.0, 0.4, 0.6], [0.5, 0.1, 0.4]])
CLASSES = np.array([0, 1, 2, 2])  # three of four


def test_it_compares_with_class_numbers_and_with_one_hot_rows():
    assert bp.accuracy(SCORES, CLASSES) == 0.75
    assert bp.accuracy(SCORES, np.eye(3)[CLASSES]) == 0.75
    assert bp.accuracy(SCORES, SCORES) == 1.0
    assert bp.accuracy(SCORES, CLASSES[:, None]) == 0.75
    assert bp.accuracy(SCORES, CLASSES.astype(np.uint8)) == 0.75
    assert bp.accuracy(SCORES, CLASSES.astype(np.float32)) == 0.75
    assert bp.accuracy(SCORES, [[0.0], [1.0], [2.0], [2.0]]) == 0.75
    assert isinstance(bp.accuracy(SCORES, CLASSES), float)


@pytest.mark.parametrize(
    ("prediction", "target", "kind"),
    [
        (SCORES[:, 0], CLASSES, ShapeMismatch),
        (SCORES[None], CLASSES, ShapeMismatch),
        (SCORES, CLASSES[:3], ShapeMismatch),
        (SCORES, CLASSES + 0.5, DataError),
        (SCORES, CLASSES + 1.0, DataError),
        (SCORES, CLASSES - 1.0, DataError),
        (SCORES, CLASSES * np.nan, DataError),
        (SCORES, CLASSES * np.float64(1e300), DataError),
        (SCORES, np.where(CLASSES == 2, np.inf, CLASSES), DataError),
        (SCORES, CLASSES > 0, ShapeMismatch),
        (SCORES, SCORES[:, :2], ShapeMismatch),
        (SCORES[:0], CLASSES[:0], DataError),
        (SCORES[:, :0], CLASSES, ShapeMismatch),
        (SCORES, SCORES + 0.5, DataError),
        (SCORES, SCORES - 0.01, DataError),
        (SCORES, np.ones_like(SCORES), DataError),
        (SCORES, np.zeros_like(SCORES), DataError),
        (SCORES, 2 * np.eye(3)[CLASSES] - 1, DataError),
        (SCORES, np.eye(3)[CLASSES] * np.nan, DataError),
        (SCORES + 0j, CLASSES, DataError),
        (SCORES, CLASSES.astype(str), ShapeMismatch),
    ],
)
def test_what_cannot_be_compared_is_an_error(prediction, target, kind):
    with pytest.raises(kind, match="accuracy"):
        bp.accuracy(prediction, target)


@pytest.mark.parametrize("wrong", [-1, 3, 255])
def test_a_label_outside_the_classes_is_refused_with_its_place(wrong):
    with pytest.raises(DataError, match="none of the classes") as caught:
        bp.accuracy(SCORES, np.array([0, 1, wrong, 2]))
    assert caught.value.expected == "class numbers from 0 to 2"
    assert caught.value.received == f"{wrong} at [2]"


@pytest.mark.parametrize("row", [[1.0, 0.0, 1.0], [0.4, 0.2, 0.4], [0.0, 0.0, 0.0], [1.0, -1.0, -1.0], [3.0, 0.1, 0.2]])
def test_targets_of_no_class_are_refused_with_their_place(row):
    target = np.array([[1.0, 0.0, 0.0], [0.1, 0.8, 0.1], row, [0.0, 0.0, 1.0]])
    with pytest.raises(DataError, match="accuracy cannot tell the class") as caught:
        bp.accuracy(SCORES, target)
    assert caught.value.received == f"{row} at [2]"
    assert "class numbers" in caught.value.expected


def test_measured_numbers_have_no_accuracy_however_large_one_of_them_always_is():
    target = np.stack([100 + np.arange(5.0), np.arange(5.0)], axis=1)
    with pytest.raises(DataError, match="accuracy cannot tell the class"):
        bp.accuracy(np.array([[1.0, 0.0]] * 5), target)


ONE = np.array([[0.9], [0.2], [0.6], [0.4], [2.0], [-3.0]])


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
@pytest.mark.parametrize("dtype", [int, bool, np.uint8, np.float32])
def test_one_output_is_held_against_a_half(shape, dtype):
    assert bp.accuracy(ONE, np.array([1, 0, 1, 0, 1, 0], dtype).reshape(shape)) == 1.0
    assert bp.accuracy(ONE, np.array([0, 1, 0, 1, 0, 1], dtype).reshape(shape)) == 0.0
    assert bp.accuracy(ONE, np.array([1, 1, 0, 0, 1, 1], dtype).reshape(shape)) == 0.5


@pytest.mark.parametrize("wrong", [-1, 2, 0.5, np.nan])
def test_one_output_and_targets_that_are_not_0_and_1_are_refused(wrong):
    target = np.array([[1.0], [0.0], [1.0], [wrong], [1.0], [0.0]])
    with pytest.raises(DataError, match="accuracy of one output needs targets of two classes") as caught:
        bp.accuracy(ONE, target)
    assert caught.value.received == f"{target[3, 0]} at [3]"
    assert "1/2" in caught.value.expected


@pytest.mark.parametrize("target", [np.zeros((6, 2)), np.zeros(5), np.zeros((1, 6)), np.zeros((6, 1, 1))])
def test_one_output_and_targets_of_another_shape_are_refused(target):
    with pytest.raises(ShapeMismatch, match="accuracy cannot compare"):
        bp.accuracy(ONE, target)


@pytest.mark.parametrize("scores", [0.0, 1.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_network_that_always_says_the_same_of_every_class_predicts_the_first_and_nan_none(scores, classes):
    prediction = np.full((4, classes), scores)
    for target in range(classes):
        share = float(target == 0 and not np.isnan(scores))
        assert bp.accuracy(prediction, np.full(4, target)) == share
        assert bp.accuracy(prediction, np.eye(classes)[np.full(4, target)]) == share


@pytest.mark.parametrize("target", [0, 1])
def test_one_output_that_is_a_half_predicts_0_and_no_number_is_never_right(target):
    assert bp.accuracy(np.full((4, 1), 0.5), np.full(4, target)) == 1 - target
    assert bp.accuracy(np.full((4, 1), np.nan), np.full(4, target)) == 0.0


@given(
    scores=arrays(np.float64, (6, 3), elements=st.sampled_from([0.0, 0.5, 1.0, -np.inf])),
    labels=arrays(np.int64, 6, elements=st.integers(0, 2)),
    weight=arrays(np.float64, 6, elements=st.sampled_from([0.5, 1.0, 2.0])),
)
def test_all_metrics_of_classes_predict_the_same_class_also_of_equal_outputs(scores, labels, weight):
    for given_scores, right in ((scores, labels), (scores[:, :1], labels % 2)):
        matrix = ConfusionMatrix().measure(given_scores, right, weight)
        share = np.trace(matrix) / matrix.sum()
        assert bp.accuracy(given_scores, right, weight) == pytest.approx(share, abs=1e-15)
        assert Accuracy().measure(given_scores, right, weight) == pytest.approx(share, abs=1e-15)
        assert F1(average="micro").measure(given_scores, right, weight) == pytest.approx(share, abs=1e-15)
        assert Recall(average="weighted").measure(given_scores, right, weight) == pytest.approx(share, abs=1e-15)
    matrix = ConfusionMatrix().measure(scores, labels, weight)
    assert TopK(k=1).measure(scores, labels, weight) == pytest.approx(np.trace(matrix) / matrix.sum(), abs=1e-15)


def test_a_row_with_nan_is_wrong_and_the_others_count():
    scores = SCORES.copy()
    for place in ((0, 0), (1, 2)):
        scores[place] = np.nan
    assert bp.accuracy(scores, CLASSES) == 0.25
    assert bp.accuracy(np.array([[np.nan], [0.9]]), np.array([1, 1])) == 0.5


def test_of_equal_outputs_the_first_is_the_predicted_class():
    scores = np.array([[0.7, 0.7, 0.1], [0.7, 0.1, 0.7], [0.2, 0.4, 0.4], [np.inf, 0.0, 0.0], [5, 5, 6]])
    assert bp.accuracy(scores, np.array([0, 2, 1, 0, 2])) == 0.8


def test_it_agrees_with_the_largest_score_on_any_numbers():
    rng = np.random.default_rng(0)
    for classes in (2, 3, 10):
        scores, labels = rng.normal(size=(500, classes)), rng.integers(0, classes, 500)
        expected = np.mean([row.tolist().index(max(row)) == label for row, label in zip(scores, labels, strict=True)])
        assert bp.accuracy(scores, labels) == bp.accuracy(scores.astype("f4"), np.eye(classes)[labels]) == expected


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_a_network_of_one_output_learns_to_tell_two_classes(shape):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = (x[:, :1] > 0.3).astype(float)
    net = bp.Network([Dense(units=1), Sigmoid()], cost=QuadraticCost(), input_shape=(3,), seed=0)
    by_hand = np.mean((net.predict(x) > 0.5) == (y > 0.5))
    assert net.accuracy(x, y.reshape(shape)) == by_hand < 0.9
    history = net.fit(x, y, optimizer=descent(), epochs=20, metrics=["accuracy"])
    assert history.epochs[-1].accuracy == np.mean((net.predict(x) > 0.5) == (y > 0.5)) > 0.95


def test_measured_numbers_have_no_accuracy_and_training_does_not_begin():
    x, y = samples(9)
    net = chain()
    before = net.parameters.vector.tobytes()
    with pytest.raises(DataError, match="accuracy cannot tell the class"):
        net.fit(x, 3 * y, optimizer=descent(), epochs=1, metrics=["accuracy"])
    assert net.parameters.vector.tobytes() == before


def test_the_network_measures_its_own_prediction():
    net = bp.Network([Identity()], input_shape=(3,))
    assert net.accuracy(SCORES, CLASSES) == 0.75
    assert net.accuracy(SCORES.tolist(), CLASSES.tolist()) == 0.75


def test_it_needs_one_output():
    x, y = shared_samples()
    with pytest.raises(DataError, match="one output"):
        shared().accuracy(x, y)


def test_fit_records_it_on_the_validation_data_or_else_on_the_training_data():
    x, y = samples(9)
    for validation in (None, samples(4, seed=1)):
        net = chain()
        record = net.fit(x, y, optimizer=descent(), epochs=1, metrics=["accuracy"], validation_data=validation).epochs[
            0
        ]
        if validation is None:
            assert (record.accuracy, record.validation_accuracy) == (net.accuracy(x, y), None)
        else:
            assert (record.accuracy, record.validation_accuracy) == (None, net.accuracy(*validation))


def test_fit_measures_accuracy_of_the_output_that_has_a_cost():
    eye = np.eye(3)
    net = bp.Network(
        inputs={"a": (3,)},
        nodes={"wrong": bp.node(Identity(), "a"), "right": bp.node(Identity(), "a")},
        output=["wrong", "right"],
        cost={"right": QuadraticCost()},
    )
    history = net.fit({"a": eye}, {"right": eye}, optimizer=descent(), epochs=1, metrics=["accuracy"])
    assert history.epochs[0].accuracy == 1.0


def test_metrics_are_components_or_names_and_their_values_stand_by_name():
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((30, 3)), rng.integers(0, 5, 30)
    y = np.eye(5)[labels]
    net = bp.Network([Dense(units=5)], cost=QuadraticCost(), input_shape=(3,), seed=0)
    metrics = ["metrics.accuracy", TopK(k=2), TopK(k=4), Largest()]
    history = net.fit(x, y, optimizer=descent(), epochs=2, metrics=metrics, validation_data=(x[:20], y[:20]))
    scores = net.predict(x[:20])
    places = (scores > scores[np.arange(20), labels[:20]][:, None]).sum(axis=1)
    last = history.epochs[-1]
    assert last.validation_accuracy == net.accuracy(x[:20], y[:20]) == np.mean(places == 0)
    assert last.metrics == {
        "validation_top_k_1": np.mean(places < 2),
        "validation_top_k_2": np.mean(places < 4),
        "validation_largest": scores.max(),
    }
    measured = evaluate(net, x[:20], y[:20])
    assert measured.accuracy == last.validation_accuracy
    assert measured.metrics == {name.removeprefix("validation_"): value for name, value in last.metrics.items()}
    assert f"top_k_1 {np.mean(places < 2):.4g}, " in str(measured)
    assert history.column("validation_top_k_2") == [each.metrics["validation_top_k_2"] for each in history.epochs]
    assert bp.History.model_validate_json(history.model_dump_json()) == history
    assert net.training.metrics == (Accuracy(), TopK(k=2), TopK(k=4), Largest())
    with pytest.raises(KeyError, match="validation_top_k_1"):
        history.column("top_k")


def test_one_metric_of_its_kind_is_called_by_its_kind():
    x, y = samples(9)
    history = chain().fit(x, y, optimizer=descent(), epochs=1, metrics=Largest())
    assert list(history.epochs[0].metrics) == ["largest"]


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (["acuracy"], "metrics[0] = 'acuracy' is not a metric"),
        (["accuracy", "top_k"], "metrics[1] = 'top_k' needs more than its name: TopK.k is missing"),
        (["dense"], "metrics[0] = 'dense' is not a metric"),
        ([3], "metrics[0] cannot be 3\n  expected  a string, or an instance, such as Accuracy()"),
        ([Accuracy], "metrics[0] cannot be the class Accuracy"),
        ([{"kind": "accuracy"}], "metrics[0] cannot be {'kind': 'accuracy'}"),
    ],
)
def test_what_is_no_metric_is_refused_before_anything_changes(metrics, said):
    net = chain()
    with pytest.raises(SpecError) as caught:
        net.fit(*samples(9), optimizer=descent(), metrics=metrics)
    assert said in str(caught.value)
    assert net.history is None


@pytest.mark.parametrize("returned", [None, "0.5", True, np.zeros((3, 1, 1)), np.array(["a"]), 1j], ids=repr)
def test_a_metric_returns_a_number(returned):
    class Wrong(Metric):
        def measure(self):
            return returned

    with pytest.raises(ContractError, match="metric 'wrong': measure must return a number"):
        chain().fit(*samples(9), optimizer=descent(), metrics=[Wrong()])


def test_a_metric_cannot_write_into_data_and_its_failures_are_named():
    class Writes(Metric):
        def measure(self, target):
            target += 1

    class Fails(Metric):
        def measure(self, target):
            return target.no_such_thing

    x, y = samples(9)
    before = y.copy()
    for metric, said in ((Writes(), "measure writes into"), (Fails(), "measure failed: AttributeError")):
        with pytest.raises(ContractError, match=said):
            chain().fit(x, y, optimizer=descent(), metrics=[metric])
    assert np.array_equal(before, y)


def test_a_metric_that_needs_several_examples_is_asked_again_with_all():
    class Correlation(Metric):
        def measure(self, prediction, target):
            if len(target) < 2:
                raise DataError("a correlation of one example is undefined")
            return np.corrcoef(prediction.ravel(), target.ravel())[0, 1]

    x, y = samples(9)
    net = chain()
    history = net.fit(x, y, optimizer=descent(), epochs=1, metrics=[Correlation()])
    assert history.column("correlation") == [np.corrcoef(net.predict(x).ravel(), y.ravel())[0, 1]]
    with pytest.raises(DataError, match="one example"):
        net.fit(x[:1], y[:1], optimizer=descent(), epochs=1, metrics=[Correlation()])


def test_a_metric_may_ask_for_weights_which_have_a_mean_of_1():
    x, y = samples(9)
    weight = np.arange(9.0)

    class Weights(Metric):
        def measure(self, sample_weight):
            return -1.0 if sample_weight is None else float(sample_weight @ np.arange(9.0))

    net = chain()
    assert net.fit(x, y, optimizer=descent(), epochs=1, metrics=[Weights()]).column("weights") == [-1.0]
    weighted = net.fit(x, y, optimizer=descent(), epochs=1, metrics=[Weights()], sample_weight=weight)
    assert weighted.column("weights")[-1] == pytest.approx(float(weight / weight.mean() @ np.arange(9.0)))


def test_a_kind_that_a_history_uses_itself_is_refused():
    class Cost(Metric):
        def measure(self):
            return 0.0

    with pytest.raises(ContractError, match="'cost', which is something else in a history"):
        chain().fit(*samples(9), optimizer=descent(), metrics=[Cost()])


@given(
    scores=arrays(np.float64, (7, 5), elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, np.nan])),
    labels=arrays(np.int64, 7, elements=st.integers(0, 4)),
    k=st.integers(1, 4),
)
def test_top_k_takes_the_first_of_equals_first_and_no_nan(scores, labels, k):
    def right(row, label):
        return not np.isnan(row).any() and label in np.argsort(-row, kind="stable")[:k]

    expected = np.mean([right(row, label) for row, label in zip(scores, labels, strict=True)])
    assert TopK(k=k).measure(scores, labels, None) == expected
    assert TopK(k=1).measure(scores, labels, None) == Accuracy().measure(scores, np.eye(5)[labels], None)


def test_top_k_of_too_few_outputs_is_refused():
    with pytest.raises(ShapeMismatch, match="the 3 largest of so few outputs"):
        TopK(k=3).measure(np.ones((4, 3)), np.zeros(4, int), None)
