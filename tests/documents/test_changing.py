"""A spec with other values at some places: the rest stays, and what is no place is told."""

from __future__ import annotations

import pytest

from bpframe.documents import parse_spec, read_spec
from bpframe.errors import SpecError

SPEC = """\
network:
  input_shape: [2]
  layers: [{kind: dense, units: 3}, {kind: sigmoid}, &last {kind: dense, units: 1}, *last]
  cost: {kind: quadratic}
training: {optimizer: gradient_descent, epochs: 3}
"""
RATE = {"training.optimizer.learning_rate": 1}


@pytest.mark.parametrize(
    ("changes", "before", "after"),
    [
        ({"training.epochs": 7}, "epochs: 3", "epochs: 7"),
        ({"training.batch_size": 4}, "epochs: 3", "epochs: 3, batch_size: 4"),
        ({"network.layers.0.units": 9}, "units: 3", "units: 9"),
        ({"network.layers[0].units": 9}, "units: 3", "units: 9"),
        ({"network.layers.3.units": 2}, "*last", "{kind: dense, units: 2}"),
        ({"data.kind": "digits"}, "training:", "data: {kind: digits}\ntraining:"),
        ({"network.cost": {"kind": "cross_entropy"}}, "quadratic", "cross_entropy"),
    ],
)
def test_a_change_is_as_if_it_had_been_written_there(changes, before, after):
    written = SPEC.replace(before, after).replace(
        "optimizer: gradient_descent", "optimizer: {kind: gradient_descent, learning_rate: 1}"
    )
    assert read_spec(SPEC, changes={**changes, **RATE}) == parse_spec(written)


def test_a_key_with_dots_is_found_where_the_spec_has_it():
    text = SPEC.replace("epochs: 3", "epochs: 3, groups: {'dense_1.*': {learning_rate: 2}}")
    spec = read_spec(text, changes={"training.groups.dense_1.*.learning_rate": 5, **RATE})
    assert spec.training.groups == {"dense_1.*": {"learning_rate": 5.0}}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("training.epoch", "training.epoch is not a field of training"),
        ("trainng.epochs", "did you mean 'training'?"),
        ("training.optimizer.learnig_rate", "did you mean 'learning_rate'?"),
        ("training.epochs.x", "training.epochs is 3, and has no 'x'"),
        ("network.layers.7.units", "a position from 0 to 3"),
        ("network.layers.first", "network.layers is a list"),
        ("training..epochs", "an empty key"),
        ("", "an empty key"),
    ],
)
def test_what_is_no_place_of_a_spec_is_told(path, told):
    with pytest.raises(SpecError) as caught:
        read_spec(SPEC, changes={**RATE, path: 5})
    assert told in str(caught.value)
