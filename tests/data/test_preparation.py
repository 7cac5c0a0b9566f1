from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bpframe.data import FittedPreparation, NpzData
from bpframe.errors import DataError, SpecError

from .archives import load, npz

# split


def test_inputs_and_targets_stay_together_through_the_split(tmp_path):
    x = np.arange(50.0)[:, None]
    data = load(npz(tmp_path, x=x, y=x[:, 0] * 10), test_fraction=0.3, seed=5)
    assert data.x.shape == (35, 1)
    assert data.x_test.shape == (15, 1)
    np.testing.assert_array_equal(data.y, data.x * 10)
    np.testing.assert_array_equal(data.y_test, data.x_test * 10)
    assert sorted(np.concatenate([data.x, data.x_test])[:, 0]) == x[:, 0].tolist()


def test_a_split_that_leaves_nothing_is_refused(tmp_path):
    with pytest.raises(DataError, match="3"):
        load(npz(tmp_path, x=np.eye(3), y=np.arange(3)), test_count=3)


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
    with pytest.raises(SpecError):
        NpzData(path="train.npz", **settings)
