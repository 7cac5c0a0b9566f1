from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bpframe.data import FittedPreparation, NpzData
from bpframe.data.labels import find_classes, one_hot
from bpframe.data.place import Place
from bpframe.data.split import held_back_count, split_rows
from bpframe.errors import DataError


def npz(folder, *, name="train.npz", **arrays):
    np.savez(folder / name, **arrays)
    return folder


def load(folder, dtype="float64", **settings):
    return NpzData(path="train.npz", **settings).load(folder, dtype)


# split


@given(st.integers(1, 200), st.data(), st.integers(0, 2**64), st.booleans())
def test_a_split_is_disjoint_and_covers_every_row_in_the_sizes_asked_for(examples, data, seed, shuffle):
    held_back = data.draw(st.integers(0, examples - 1))
    train, test = split_rows(examples, held_back, seed=seed, shuffle=shuffle)
    assert len(test) == held_back
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(examples))


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    def rows(seed):
        return split_rows(100, 30, seed=seed, shuffle=True)[1].tolist()

    assert rows(3) == rows(3)
    assert rows(3) != rows(4)
    assert rows(0) != list(range(70, 100))


def test_the_split_does_not_draw_from_the_stream_that_the_bare_seed_gives():
    bare = np.random.default_rng(np.random.SeedSequence(0)).permutation(100)
    assert split_rows(100, 30, seed=0, shuffle=True)[1].tolist() != bare[:30].tolist()


def test_without_shuffling_the_last_rows_are_held_back():
    train, test = split_rows(10, 3, seed=0, shuffle=False)
    assert train.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert test.tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("examples", "fraction", "count", "expected"),
    [
        (10, 0.2, None, 2),
        (10, 0.26, None, 3),
        (3, 0.01, None, 1),
        (10, 0.0, None, 0),
        (10, None, None, 0),
        (9, None, 4, 4),
    ],
)
def test_a_fraction_is_rounded_and_holds_back_at_least_one(examples, fraction, count, expected):
    assert held_back_count(examples, fraction, count) == expected


@pytest.mark.parametrize(("fraction", "count"), [(None, 5), (None, 9), (0.95, None)])
def test_a_split_that_leaves_nothing_to_train_on_is_refused(fraction, count):
    with pytest.raises(DataError, match="none for training"):
        held_back_count(5, fraction, count)


def test_inputs_and_targets_stay_together_through_the_split(tmp_path):
    x = np.arange(50.0)[:, None]
    data = load(npz(tmp_path, x=x, y=x[:, 0] * 10), test_fraction=0.3, seed=5)
    assert data.x.shape == (35, 1)
    assert data.x_test.shape == (15, 1)
    np.testing.assert_array_equal(data.y, data.x * 10)
    np.testing.assert_array_equal(data.y_test, data.x_test * 10)
    assert sorted(np.concatenate([data.x, data.x_test])[:, 0]) == x[:, 0].tolist()


def test_nothing_is_held_back_unless_asked(tmp_path):
    data = load(npz(tmp_path, x=np.eye(3), y=np.arange(3)))
    assert data.x_test is None
    assert data.y_test is None
    np.testing.assert_array_equal(data.x, np.eye(3))


# scaling


def test_standard_scaling_takes_its_statistics_from_the_training_part_alone(tmp_path):
    rng = np.random.default_rng(0)
    x, test = rng.normal(5, 3, (40, 2)), rng.normal(-100, 50, (10, 2))
    npz(tmp_path, x=x, y=np.zeros(40), xt=test, yt=np.zeros(10))
    data = load(tmp_path, test_inputs="xt", test_targets="yt", scaling="standard")
    for k in range(2):
        mean, deviation = statistics.fmean(x[:, k]), statistics.pstdev(x[:, k])
        np.testing.assert_allclose(data.x[:, k], (x[:, k] - mean) / deviation, rtol=1e-12)
        np.testing.assert_allclose(data.x_test[:, k], (test[:, k] - mean) / deviation, rtol=1e-12)


def test_minmax_scaling_spans_the_unit_interval_on_the_training_part_alone(tmp_path):
    x = np.arange(20.0)[:, None]
    data = load(npz(tmp_path, x=x, y=x), test_count=5, shuffle=False, scaling="minmax")
    np.testing.assert_allclose(data.x[:, 0], np.arange(15) / 14, rtol=1e-15)
    np.testing.assert_allclose(data.x_test[:, 0], np.arange(15, 20) / 14, rtol=1e-15)


def test_statistics_are_right_across_blocks_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("bpframe.data.scaling._BLOCK", 6)
    x = np.random.default_rng(1).normal(size=(31, 2))
    data = load(npz(tmp_path, x=x, y=np.zeros(31)), scaling="standard")
    expected = [[(v - statistics.fmean(c)) / statistics.pstdev(c) for v in c] for c in x.T]
    np.testing.assert_allclose(data.x, np.array(expected).T, rtol=1e-12)


@pytest.mark.parametrize("scaling", ["standard", "minmax"])
def test_a_constant_column_becomes_zero_and_never_divides_by_zero(tmp_path, scaling):
    x = np.column_stack([np.full(7, 0.1), np.arange(7.0)])
    data = load(npz(tmp_path, x=x, y=np.zeros(7)), scaling=scaling)
    assert data.x[:, 0].tolist() == [0.0] * 7
    assert np.isfinite(data.x).all()


@pytest.mark.parametrize("scaling", ["standard", "minmax"])
def test_a_range_beyond_float64_is_refused(tmp_path, scaling):
    npz(tmp_path, x=np.array([[-1.7e308], [1.7e308]]), y=np.zeros(2))
    with pytest.raises(DataError, match="overflows in entry 0"):
        load(tmp_path, scaling=scaling)


def test_a_value_beyond_float32_is_refused_with_its_original_row(tmp_path):
    npz(tmp_path, x=np.array([[1.0], [2.0], [1e300]]), y=np.zeros(3))
    with pytest.raises(DataError, match="row 2, column 0: inf is not a finite number after scaling, in float32"):
        load(tmp_path, "float32", test_count=1, shuffle=False)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scaling", ["none", "standard", "minmax", {"divide": 7}])
def test_arrays_are_contiguous_in_the_dtype_that_was_asked_for(tmp_path, dtype, scaling):
    x = np.asfortranarray(np.arange(24, dtype=np.int16).reshape(6, 2, 2))
    data = load(npz(tmp_path, x=x, y=np.arange(6)), dtype, scaling=scaling, test_count=2, one_hot=True)
    for array in (data.x, data.y, data.x_test, data.y_test):
        assert array.dtype == dtype
        assert array.flags.c_contiguous
    assert data.x.shape == (4, 2, 2)


def test_another_dtype_is_refused(tmp_path):
    npz(tmp_path, x=np.eye(2), y=np.zeros(2))
    for dtype in ("int64", "float16", "no such dtype"):
        with pytest.raises(DataError, match="dtype"):
            load(tmp_path, dtype)


# the fitted preparation


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(rows=st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 3), min_size=2, max_size=9))
def test_later_inputs_are_prepared_to_the_same_bits_after_a_round_trip_through_json(tmp_path_factory, dtype, rows):
    folder = npz(tmp_path_factory.mktemp("data"), x=np.array(rows), y=np.arange(len(rows)))
    data = load(folder, dtype, scaling="standard", one_hot=True)
    fitted = FittedPreparation.model_validate_json(data.preparation.model_dump_json())
    assert fitted == data.preparation
    assert fitted.apply_inputs(np.array(rows)).tobytes() == data.x.tobytes()
    assert fitted.apply_targets(np.arange(len(rows))).tobytes() == data.y.tobytes()


def test_predictions_become_labels(tmp_path):
    npz(tmp_path, x=np.eye(3), y=np.array(["cat", "ant", "bee"]))
    fitted = load(tmp_path, one_hot=True).preparation
    assert fitted.classes == ("ant", "bee", "cat")
    assert fitted.labels(np.array([[0.1, 0.2, 0.3], [0.9, 0.2, 0.3]])) == ["cat", "ant"]
    with pytest.raises(DataError, match="one column per class"):
        fitted.labels(np.zeros((2, 4)))


def test_numbers_have_no_labels(tmp_path):
    fitted = load(npz(tmp_path, x=np.eye(3), y=np.zeros(3))).preparation
    with pytest.raises(DataError, match="not classes"):
        fitted.labels(np.zeros((2, 1)))


def test_later_inputs_of_another_shape_are_refused(tmp_path):
    fitted = load(npz(tmp_path, x=np.eye(3), y=np.zeros(3))).preparation
    with pytest.raises(DataError, match="shape of the training inputs") as caught:
        fitted.apply_inputs(np.zeros((5, 4)))
    assert caught.value.expected == "(N, 3)"
    assert caught.value.received == "(5, 4)"


def test_later_inputs_with_nan_are_refused_with_row_and_column(tmp_path):
    fitted = load(npz(tmp_path, x=np.eye(3), y=np.zeros(3))).preparation
    x = np.zeros((4, 3))
    x[2, 1] = np.nan
    with pytest.raises(DataError, match=r"row 2, column 1: nan is not a finite number\n"):
        fitted.apply_inputs(x)


@pytest.mark.parametrize("change", [{"offset": (0.0, 1.0)}, {"scale": (0.0,)}, {"scale": (float("inf"),)}])
def test_a_fitted_preparation_with_impossible_numbers_cannot_be_read_back(tmp_path, change):
    plain = load(npz(tmp_path, x=np.eye(3), y=np.zeros(3))).preparation.model_dump()
    plain["scaling"].update(change)
    with pytest.raises(ValidationError):
        FittedPreparation.model_validate(plain)


# labels


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


# numbers as targets


@pytest.mark.parametrize(
    ("shape", "expected"), [((4,), (4, 1)), ((4, 1), (4, 1)), ((4, 3), (4, 3)), ((4, 2, 2), (4, 2, 2))]
)
def test_number_targets_have_one_row_per_example(tmp_path, shape, expected):
    y = np.arange(np.prod(shape)).reshape(shape)
    data = load(npz(tmp_path, x=np.eye(4), y=y))
    assert data.y.shape == expected
    np.testing.assert_array_equal(data.y.reshape(shape), y)


def test_inputs_of_one_number_each_become_a_column(tmp_path):
    data = load(npz(tmp_path, x=np.arange(4), y=np.zeros(4)))
    assert data.x.tolist() == [[0], [1], [2], [3]]
    assert data.preparation.input_shape == (1,)


# settings


@pytest.mark.parametrize(
    "settings",
    [
        {"test_fraction": 1.0},
        {"test_fraction": -0.1},
        {"test_fraction": float("nan")},
        {"test_count": -1},
        {"test_fraction": 0.1, "test_count": 3},
        {"seed": -1},
        {"scaling": "standart"},
        {"scaling": {"divide": 0}},
        {"scaling": {"divide": float("inf")}},
        {"scaling": {"divide": 2, "by": 3}},
        {"classes": 3},
        {"one_hot": True, "classes": 0},
        {"one_hot": True, "classes": 10**9},
        {"one_hot": True, "classes": ()},
        {"one_hot": True, "classes": ("a", "a")},
        {"one_hot": True, "classes": (1, "1")},
        {"one_hot": True, "classes": (True, False)},
        {"test_inputs": "a"},
        {"test_inputs": "a", "test_targets": "b", "test_fraction": 0.1},
        {"no_such_field": 1},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(ValidationError):
        NpzData(path="train.npz", **settings)
