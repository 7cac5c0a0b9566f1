"""Inputs on another scale than those of training are refused, and all that may be meant is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.data import Divide, FittedPreparation, NpzData
from bpframe.errors import DataError

SHAPE = (4, 5)
PIXELS = np.random.default_rng(0).integers(0, 256, (30, *SHAPE))
SHARES = PIXELS / 255


def prepared(tmp_path: Path, x: Any, scaling: Any = "none") -> FittedPreparation:
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(float(len(x))))
    return NpzData(path="data.npz", scaling=scaling).load(tmp_path).preparation


@pytest.mark.parametrize("scaling", ["none", "standard", "minmax", Divide(divide=255)], ids=repr)
@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.float32])
def test_pixels_that_were_divided_are_not_divided_again(tmp_path: Path, scaling: Any, dtype: Any) -> None:
    fitted = prepared(tmp_path, PIXELS.astype(dtype), scaling)
    for x in (SHARES, SHARES[:1], SHARES.astype(np.float32)):
        with pytest.raises(DataError, match="fractions, which may have been divided already") as raised:
            fitted.apply_inputs(x)
        assert "from 0 to 255" in str(raised.value)
        assert "without_preparation" in str(raised.value.hint)


@pytest.mark.parametrize(
    "x",
    [
        PIXELS,
        PIXELS.astype(float),
        np.zeros((1, *SHAPE)),  # black
        (PIXELS > 200).astype(float),  # nearly black, without fractions
        PIXELS + 0.5,
        PIXELS * 3,
        PIXELS - 300.25,
        SHARES * 40,  # dark, and resized in floating-point numbers
    ],
    ids=range(8),
)
def test_dark_and_bright_images_are_taken(tmp_path: Path, x: Any) -> None:
    fitted = prepared(tmp_path, PIXELS, Divide(divide=255))
    np.testing.assert_allclose(fitted.apply_inputs(x), x / 255)


def test_pixels_are_refused_where_fractions_were(tmp_path: Path) -> None:
    fitted = prepared(tmp_path, SHARES)
    with pytest.raises(DataError, match="whole numbers on another scale") as raised:
        fitted.apply_inputs(PIXELS.astype(float))
    assert raised.value.hint == "x / 255"
    for x in (SHARES, (PIXELS > 100) * 1, SHARES * 300, PIXELS % 7, -PIXELS):
        fitted.apply_inputs(x)


@pytest.mark.parametrize("x", [np.arange(40.0).reshape(20, 2), np.arange(0, 320).reshape(20, 16) % 9])
def test_measurements_of_few_numbers_or_levels_are_left_alone(tmp_path: Path, x: Any) -> None:
    fitted = prepared(tmp_path, x)
    np.testing.assert_array_equal(fitted.apply_inputs(np.full((1, *x.shape[1:]), 0.25)), 0.25)


def test_a_run_keeps_it_and_one_that_was_saved_without_it_is_read(tmp_path: Path) -> None:
    fitted = prepared(tmp_path, PIXELS.reshape(30, -1), Divide(divide=255))
    net = bp.Network([Dense(units=1)], input_shape=(20,), cost=QuadraticCost(), seed=0)
    net.save(tmp_path / "run", preparation=fitted)
    with pytest.raises(DataError, match="divided already"):
        bp.load(tmp_path / "run").predict(SHARES.reshape(30, -1))
    old = fitted.model_dump(exclude={"input_range"})
    assert FittedPreparation.model_validate(old).apply_inputs(SHARES.reshape(30, -1)).max() < 1 / 200
