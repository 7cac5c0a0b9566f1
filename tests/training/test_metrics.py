"""Accuracy: the share of examples whose class is right; what predicts no class is wrong, no target is guessed at."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, Identity, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.errors import DataError, ShapeMismatch
from tests.network.networks import chain, descent, samples, shared, shared_samples

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
def test_a_network_that_always_says_the_same_of_every_class_is_never_right(scores, classes):
    prediction = np.full((4, classes), scores)
    for target in range(classes):
        assert bp.accuracy(prediction, np.full(4, target)) == 0.0
        assert bp.accuracy(prediction, np.eye(classes)[np.full(4, target)]) == 0.0


@pytest.mark.parametrize("target", [0, 1])
def test_one_output_that_is_a_half_or_no_number_is_never_right(target):
    assert bp.accuracy(np.full((4, 1), 0.5), np.full(4, target)) == 0.0
    assert bp.accuracy(np.full((4, 1), np.nan), np.full(4, target)) == 0.0


def test_a_row_with_nan_is_wrong_and_the_others_count():
    scores = SCORES.copy()
    for place in ((0, 0), (1, 2)):
        scores[place] = np.nan
    assert bp.accuracy(scores, CLASSES) == 0.25
    assert bp.accuracy(np.array([[np.nan], [0.9]]), np.array([1, 1])) == 0.5


def test_a_tie_with_the_right_class_is_wrong_and_one_of_others_too():
    scores = np.array([[0.7, 0.7, 0.1], [0.7, 0.1, 0.7], [0.2, 0.4, 0.4], [np.inf, 0.0, 0.0], [5, 5, 6]])
    assert bp.accuracy(scores, np.array([0, 1, 0, 0, 2])) == 0.4


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
