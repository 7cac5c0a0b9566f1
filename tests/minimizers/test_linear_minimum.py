"""How far a point is from a minimum is what dense linear algebra says, whatever units and angles the columns have."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orth

from bpframe.derivatives.least_squares.linear_minimum import linear_minimum


def found(matrix, rho, theta=None):
    size = matrix.shape[1]
    factor = np.linalg.qr(np.column_stack([matrix, rho]), mode="r")
    point = np.ones(size, matrix.dtype) if theta is None else np.asarray(theta)
    return linear_minimum(float(np.linalg.norm(rho)), factor[:size, :-1], factor[:size, -1], len(rho), point)


def data(rows=30, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)), rng.normal(size=rows)


@pytest.mark.parametrize("units", [np.ones(4), np.array([1e12, 1e-12, 1, 1e6])], ids=["alike", "apart"])
def test_step_and_offset_are_those_of_dense_least_squares(units):
    matrix, rho = data()
    minimum = found(matrix * units, rho)
    step, *_ = np.linalg.lstsq(matrix, -rho, rcond=None)
    projected = np.linalg.norm(orth(matrix).T @ rho)
    rest = np.linalg.norm(rho + matrix @ step)
    np.testing.assert_allclose(minimum.step, step / units, rtol=1e-10)
    assert minimum.rank == 4
    assert minimum.offset == pytest.approx(projected / np.sqrt(4) / (rest / np.sqrt(26)))
    assert not minimum.near
    assert found(matrix * units, rho + matrix @ step).near


def test_nearly_parallel_columns_hide_nothing():
    t = np.linspace(0, 60, 60)
    columns = np.stack([np.ones(60), 1.7e9 + t], axis=1)
    rho = t - t.mean()  # far from the minimum, and at right angles to either column within 3e-8
    cosines = np.abs(columns.T @ rho) / np.linalg.norm(columns, axis=0) / np.linalg.norm(rho)
    assert cosines.max() < 1e-7
    minimum = found(columns, rho)
    assert minimum.offset > 1e3
    assert not minimum.near
    np.testing.assert_allclose(minimum.step[1], -1, rtol=1e-6)


def test_columns_that_repeat_one_another_do_not_count_twice():
    matrix, rho = data()
    matrix[:, 3] = 1e6 * matrix[:, 0]
    matrix[:, 2] = 0
    minimum = found(matrix, rho)
    assert minimum.rank == 2
    space = orth(matrix[:, :2])
    assert np.linalg.norm(minimum.along) == pytest.approx(np.linalg.norm(space.T @ rho))
    np.testing.assert_allclose(matrix @ minimum.step, -space @ (space.T @ rho), rtol=1e-9)
    rest = rho - space @ (space.T @ rho)
    assert found(matrix, rest).near


def test_more_columns_than_residuals_and_residuals_of_zero():
    matrix, rho = data(3, 5)
    minimum = found(matrix, rho)
    assert minimum.rank == 3
    assert minimum.offset == np.inf
    np.testing.assert_allclose(matrix @ minimum.step, -rho, rtol=1e-9)
    zero = found(*data(30, 4)[:1], np.zeros(30))
    assert zero.offset == 0
    assert zero.near


def test_where_directions_drown_in_rounding_nothing_is_near():
    t = np.linspace(0, 1, 60)
    for spread, near in ((1e-6, True), (3e-12, False), (1e-13, False)):
        columns = np.stack([np.ones(60), 1 + spread * t], axis=1)
        rho = np.cos(9 * t)
        basis = orth(np.stack([np.ones(60), t], axis=1))
        rho -= basis @ (basis.T @ rho)
        assert found(columns, rho).near == near


def test_numbers_that_are_not_finite_are_no_minimum():
    matrix, rho = data()
    for place, value in ((0, np.nan), (1, np.inf)):
        broken = matrix.copy()
        broken[3, place] = value
        minimum = found(broken, rho)
        assert np.isnan(minimum.offset)
        assert not minimum.near
        assert not minimum.rank


def test_float32_stays_float32():
    matrix, rho = (each.astype(np.float32) for each in data())
    minimum = found(matrix, rho)
    assert minimum.step.dtype == np.float32
    np.testing.assert_allclose(minimum.step, np.linalg.lstsq(matrix, -rho, rcond=None)[0], rtol=1e-4)
