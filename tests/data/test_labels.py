from __future__ import annotations

import json

import numpy as np
import pytest

from bpframe.data.labels import find_classes, one_hot
from bpframe.data.place import Place
from bpframe.errors import DataError

from .archives import load, npz


def test_one_hot_rows_follow_the_sorted_classes_of_both_parts(tmp_path):
    npz(tmp_path, x=np.eye(3), y=np.array([30, 10, 30]), xt=np.eye(3)[:1], yt=np.array([20]))
    data = load(tmp_path, test_inputs="xt", test_targets="yt", one_hot=True)
    assert data.preparation.classes == (10, 20, 30)
    assert data.y.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert data.y_test.tolist() == [[0, 1, 0]]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array([2, 0, 10]), (0, 2, 10)),
        (np.array(["2", "0", "10"]), (0, 2, 10)),
        (np.array(["2", "01", "10"]), ("01", "10", "2")),
        (np.array(["b", "a", "1"]), ("1", "a", "b")),
    ],
)
def test_classes_are_sorted_as_numbers_where_all_are_integers(labels, classes):
    assert find_classes([labels]) == classes


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["1", "1.0", "2"], "row 1: '1.0' is the label '1' in another spelling"),
        (["1.0", "1", "2"], "row 0: '1.0' is the label '1' in another spelling"),
        (["01", "2", "1"], "row 2: '1' is the label '01' in another spelling"),
        (["x", "1e1", "10"], "row 1: '1e1' is the label '10' in another spelling"),
        (["+3", "3", "a"], "row 1: '3' is the label '+3' in another spelling"),
        (["0", "1", "nan"], "row 2: 'nan' is how a missing value is written"),
        (["0.5", "NA", "1"], "row 1: 'NA' is how a missing value is written"),
    ],
)
def test_one_number_in_two_spellings_is_not_two_classes_without_a_word(tmp_path, labels, told):
    npz(tmp_path, x=np.eye(3), y=np.array(labels))
    with pytest.raises(DataError) as caught:
        load(tmp_path, one_hot=True)
    assert told in caught.value.problem
    assert "`classes`" in caught.value.hint
    data = load(tmp_path, one_hot=True, classes=tuple(labels))
    assert data.preparation.labels(data.y) == labels


@pytest.mark.parametrize("mark", ["nan", "NaN", "NA", "N/A", "NULL", "None", "", " ", "?", "-", "<NA>", "NaT", "#N/A"])
def test_a_missing_label_is_no_class_unless_classes_names_it(tmp_path, mark):
    npz(tmp_path, x=np.eye(3), y=np.array(["b", mark, "a"]))
    with pytest.raises(DataError, match=r"row 1: .* is how a missing value is written") as caught:
        load(tmp_path, one_hot=True)
    assert caught.value.received == repr(mark)
    named = tuple(json.loads(caught.value.hint.partition("`classes`: ")[2]))
    assert load(tmp_path, one_hot=True, classes=named).preparation.classes == tuple(sorted([mark, "a", "b"]))


@pytest.mark.parametrize(
    ("one", "other"),
    [("True", "true"), ("Setosa", "setosa"), ("a", "a "), (" a", "A"), ("STRASSE", "straße"), ("é", "e\u0301")],
)
def test_labels_that_only_look_different_are_two_classes_only_where_classes_names_them(tmp_path, one, other):
    npz(tmp_path, x=np.eye(3), y=np.array([one, other, "x"]))
    with pytest.raises(DataError, match="in another spelling") as caught:
        load(tmp_path, one_hot=True)
    assert sorted(caught.value.received.split(" and ")) == sorted([repr(one), repr(other)])
    assert load(tmp_path, one_hot=True, classes=(one, other, "x")).y.tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("labels", [["True", "1", "0"], ["0", "false", "1"]])
def test_a_truth_value_and_its_number_are_one_label(tmp_path, labels):
    npz(tmp_path, x=np.eye(3), y=np.array(labels))
    with pytest.raises(DataError, match="in another spelling"):
        load(tmp_path, one_hot=True)


def test_spellings_are_compared_over_training_and_test_part(tmp_path):
    npz(tmp_path, x=np.eye(2), y=np.array(["1", "2"]), xt=np.eye(2)[:1], yt=np.array(["2.0"]))
    with pytest.raises(DataError, match=r"array 'yt', row 0: '2\.0' is the label '2' in another spelling"):
        load(tmp_path, test_inputs="xt", test_targets="yt", one_hot=True)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["1.0", "2.0"], ("1.0", "2.0")),
        (["01", "2"], ("01", "2")),
        (["True", "False"], ("False", "True")),
        (["a b", "ab", "a-b"], ("a b", "a-b", "ab")),
        (["9007199254740992", "9007199254740993.0"], ("9007199254740992", "9007199254740993.0")),
        (["inf", "x"], ("inf", "x")),
    ],
)
def test_labels_that_differ_stay_classes(labels, classes):
    assert find_classes([np.array(labels)]) == classes


def test_a_label_in_another_spelling_than_in_training_names_the_class(tmp_path):
    npz(tmp_path, x=np.eye(2), y=np.array(["1.0", "2"]))
    for classes in ((1, 2), ("1", "2")):
        with pytest.raises(DataError, match=r"label '1\.0' is not among the classes") as caught:
            load(tmp_path, one_hot=True, classes=classes)
        assert caught.value.hint == f"did you mean {classes[0]!r}?"


def test_outputs_that_are_nan_have_no_label(tmp_path):
    data = load(npz(tmp_path, x=np.eye(2), y=np.array(["a", "b"])), one_hot=True)
    with pytest.raises(DataError, match="says of no class") as caught:
        data.preparation.labels(np.array([[0.1, 0.9], [np.nan, 0.2]]))
    assert caught.value.received == "NaN in 1 of 2 examples, first in number 1"


@pytest.mark.parametrize(
    "labels",
    [
        np.array([1, 0], np.uint8),
        np.array([1.0, 0.0]),
        np.array([True, False]),
        np.array([[1], [0]]),
        np.array(["1", "0"]),
    ],
)
def test_labels_of_every_kind_reach_the_same_one_hot_form(tmp_path, labels):
    data = load(npz(tmp_path, x=np.eye(2), y=labels), one_hot=True, classes=3)
    assert data.y.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_bytes_are_text(tmp_path):
    data = load(npz(tmp_path, x=np.eye(2), y=np.array([b"no", "é".encode()])), one_hot=True)
    assert data.preparation.classes == ("no", "é")
    npz(tmp_path, x=np.eye(2), y=np.array([b"no", b"\xff"]))
    with pytest.raises(DataError, match="not UTF-8"):
        load(tmp_path, one_hot=True)


def test_given_classes_keep_their_order(tmp_path):
    data = load(npz(tmp_path, x=np.eye(2), y=np.array(["a", "b"])), one_hot=True, classes=("b", "c", "a"))
    assert data.y.tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 1, 3], 3, "row 2: label 3 is not among"),
        ([0, -1, 3], 3, "row 1: label -1 is not among"),
        (["a", "b", "c"], ("a", "b"), "row 2: label 'c' is not among"),
        ([0.0, 0.5, 1.0], 2, "row 1: 0.5 is not a class label"),
        ([0.0, np.nan, 1.0], 2, "row 1: nan is not a finite number"),
        ([[0, 1], [1, 0], [0, 1]], 2, "one label per example"),
        ([1j, 0, 1], 2, "cannot be read as class labels"),
    ],
)
def test_a_label_that_is_no_class_is_refused_with_its_row(tmp_path, labels, classes, message):
    npz(tmp_path, x=np.eye(3), y=np.array(labels))
    with pytest.raises(DataError, match=message):
        load(tmp_path, one_hot=True, classes=classes)


def test_a_misspelt_label_names_the_close_class_and_its_row_before_the_split(tmp_path):
    npz(tmp_path, x=np.eye(4), y=np.array(["virginica", "setosa", "setosa", "setoza"]))
    for seed in range(5):
        with pytest.raises(DataError, match="row 3: label 'setoza'") as caught:
            load(tmp_path, one_hot=True, classes=("setosa", "virginica"), test_count=2, seed=seed)
        assert caught.value.hint == "did you mean 'setosa'?"


def test_one_hot_targets_that_would_fill_the_memory_are_refused():
    with pytest.raises(DataError, match="one-hot targets would have 3 x 1000000000"):
        one_hot(np.arange(3), range(10**9), "float32", Place("y"))
