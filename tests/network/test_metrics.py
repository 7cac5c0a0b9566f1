"""Accuracy: the share of examples whose largest output is that of the right class."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Identity, QuadraticCost

import bpframe as bp
from bpframe.errors import DataError, ShapeMismatch

from .networks import chain, descent, samples, shared, shared_samples

SCORES = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.1], [0.0, 0.4, 0.6], [0.5, 0.1, 0.4]])
CLASSES = np.array([0, 1, 2, 2])  # three of four


def test_it_compares_with_class_numbers_and_with_one_hot_rows():
    assert bp.accuracy(SCORES, CLASSES) == 0.75
    assert bp.accuracy(SCORES, np.eye(3)[CLASSES]) == 0.75
    assert bp.accuracy(SCORES, SCORES) == 1.0
    assert isinstance(bp.accuracy(SCORES, CLASSES), float)


@pytest.mark.parametrize(
    ("prediction", "target", "kind"),
    [
        (SCORES[:, 0], CLASSES, ShapeMismatch),
        (SCORES[None], CLASSES, ShapeMismatch),
        (SCORES, CLASSES[:3], ShapeMismatch),
        (SCORES, CLASSES.astype(float), ShapeMismatch),
        (SCORES, SCORES[:, :2], ShapeMismatch),
        (SCORES[:0], CLASSES[:0], DataError),
    ],
)
def test_what_cannot_be_compared_is_an_error(prediction, target, kind):
    with pytest.raises(kind, match="accuracy"):
        bp.accuracy(prediction, target)


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
