"""Series become windows in time; what is held back is never seen in training, neither as input nor as target."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpframe.data import SeriesData, WavesData, read_inputs
from bpframe.errors import DataError, SpecError


@pytest.fixture
def counting(tmp_path):
    """A file whose numbers are their own steps, and the series times 10."""
    np.savez(tmp_path / "s.npz", x=np.stack([np.arange(50.0), 10 * np.arange(50.0)], axis=1))
    lines = "\n".join(f"{k},{10 * k},word" for k in range(50))
    (tmp_path / "s.csv").write_text("t,ten,text\n" + lines + "\n")
    return tmp_path


def test_windows_and_what_follows_them(counting):
    data = SeriesData(path="s.npz", length=3, horizon=2, stride=4).load(counting)
    assert data.x.shape == (12, 3, 2)
    assert data.x[1].tolist() == [[4, 40], [5, 50], [6, 60]]
    assert data.y[1].tolist() == [7, 70, 8, 80]
    assert data.x.dtype == np.float64


def test_a_csv_file_gives_the_same_by_name(counting):
    from_csv = SeriesData(path="s.csv", columns=("ten",), target_columns=("t",), length=5).load(counting, "float32")
    assert from_csv.x[0, :, 0].tolist() == [0, 10, 20, 30, 40]
    assert from_csv.y[0].tolist() == [5]
    by_index = SeriesData(path="s.npz", columns=(1,), target_columns=(0,), length=5).load(counting, "float32")
    np.testing.assert_array_equal(from_csv.x, by_index.x)
    np.testing.assert_array_equal(from_csv.y, by_index.y)


@given(
    steps=st.integers(12, 60), length=st.integers(1, 4), horizon=st.integers(1, 3), stride=st.integers(1, 5),
    held=st.integers(7, 30),
)  # fmt: skip
def test_no_step_is_in_both_parts_and_every_window_is_one_of_the_series(
    tmp_path_factory, steps, length, horizon, stride, held
):
    folder = tmp_path_factory.mktemp("series")
    np.save(folder / "s.npy", np.arange(float(steps)))
    data = SeriesData(path="s.npy", length=length, horizon=horizon, stride=stride, test_count=min(held, steps // 2 + 1))
    if steps - data.test_count < length + horizon:
        with pytest.raises(DataError, match="too few steps for training"):
            data.load(folder)
        return
    found = data.load(folder)
    boundary = steps - data.test_count
    assert max(found.x.max(), found.y.max()) < boundary <= min(found.x_test.min(), found.y_test.min())
    for x, y, first, end in ((found.x, found.y, 0, boundary), (found.x_test, found.y_test, boundary, steps)):
        starts = range(first, end - length - horizon + 1, stride)
        assert x[:, :, 0].tolist() == [list(range(s, s + length)) for s in starts]
        assert y.tolist() == [list(range(s + length, s + length + horizon)) for s in starts]


def test_scaling_is_that_of_the_training_steps_column_by_column(counting):
    data = SeriesData(path="s.npz", length=4, scaling="standard", test_fraction=0.2).load(counting)
    steps = np.stack([np.arange(40.0), 10 * np.arange(40.0)], axis=1)
    expected = (steps[:4] - steps.mean(axis=0)) / steps.std(axis=0)
    np.testing.assert_allclose(data.x[0], expected, rtol=1e-12)
    assert data.y[0].tolist() == [4, 40]  # targets are not scaled


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"path": "s.npz", "length": 60}, "too few steps"),
        ({"path": "s.npz", "columns": (2,)}, "does not hold the series"),
        ({"path": "s.npz", "columns": ("t",)}, "does not hold the series"),
        ({"path": "s.npz", "array": "z"}, "no array 'z'"),
        ({"path": "s.csv", "columns": ("no",)}, "no column 'no'"),
        ({"path": "s.csv", "columns": ("text",)}, "word"),
        ({"path": "none.npz"}, "no data file"),
        ({"path": "s.npz", "length": 5, "test_count": 3}, "held back"),
    ],
)
def test_what_cannot_be_cut_is_refused(counting, settings, problem):
    with pytest.raises(DataError, match=problem):
        SeriesData(**settings).load(counting)


def test_a_hole_in_a_series_is_refused_with_its_step(counting):
    steps = np.arange(50.0)
    steps[7] = np.nan
    np.savez(counting / "s.npz", x=steps)
    with pytest.raises(DataError, match="row 7"):
        SeriesData(path="s.npz", length=4).load(counting)


def test_a_csv_file_needs_columns():
    with pytest.raises(SpecError, match="columns"):
        SeriesData(path="s.csv")


def test_new_series_are_cut_as_in_training_up_to_the_last_step(counting):
    source = SeriesData(path="s.csv", columns=("t",), length=3, stride=20)
    x, _ = read_inputs("s.csv", base=counting, source=source)
    assert x[:, :, 0].tolist() == [[0, 1, 2], [20, 21, 22], [40, 41, 42]]
    last, _ = read_inputs("s.csv", base=counting, source=SeriesData(path="s.csv", columns=("t",), length=3))
    assert last[-1, :, 0].tolist() == [47, 48, 49]


def test_the_waves_are_their_formula():
    t = np.arange(300)
    noise = np.random.default_rng(4).standard_normal(300)
    expected = (
        np.sin(2 * np.pi * t / 20) * (1 + 0.5 * np.sin(2 * np.pi * t / 170))
        + 0.5 * np.sin(2 * np.pi * t / 33)
        + 0.1 * noise
    )
    np.testing.assert_allclose(WavesData(steps=300, noise=0.1, seed=4).series(), expected, rtol=1e-13, atol=1e-13)
    data = WavesData(steps=300, noise=0.0, length=8).load(dtype="float32")
    assert data.x.shape == (232, 8, 1)
    assert data.x_test.shape == (52, 8, 1)
    assert WavesData(test_count=0).load().x_test is None
