"""Pools: sums and choices of windows, against loops, with ties, NaN and padding; refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.core.operators import compose
from bpframe.errors import OperatorError
from bpframe.structures import Pool, Windows, largest, transposed

rng = np.random.default_rng(0)


def rows(x: np.ndarray, windows: Windows, outside: float) -> np.ndarray:
    """Write the windows out: (N, *new places, entries, channels)."""
    spread = Windows(windows.size, windows.stride, 0, windows.dilation)
    padded = np.pad(x, ((0, 0), *windows.padding, (0, 0)), constant_values=outside)
    cut = spread.jvp(padded)
    return cut.reshape(*cut.shape[:-1], int(np.prod(windows.size)), x.shape[-1])


@pytest.mark.parametrize(
    "windows", [Windows((2, 2), 2), Windows((3, 2), (1, 2), ((1, 1), (0, 1))), Windows((2, 2), 1, 1, 2)], ids=repr
)
def test_the_largest_is_numpys_and_ties_go_to_the_first(windows: Windows) -> None:
    x = rng.integers(0, 3, (2, 5, 6, 3)).astype(float)
    y, which = largest(x, windows)
    written = rows(x, windows, -np.inf)
    np.testing.assert_array_equal(y, written.max(axis=-2))
    np.testing.assert_array_equal(which, written.argmax(axis=-2))
    np.testing.assert_array_equal(Pool(windows, which).bind(x.shape[1:], y.shape[1:]).jvp(x), y)


def test_nan_wins_and_padding_never_does() -> None:
    x = np.full((1, 3, 1), -5.0)
    y, which = largest(x, Windows(3, padding=1))
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(which[0, :, 0], [1, 0, 0])
    x[0, 0] = np.nan
    np.testing.assert_array_equal(largest(x, Windows(2, padding=1))[0][0, :, 0], [np.nan, np.nan, -5, -5])


def test_which_is_counted_in_integers_that_are_large_enough() -> None:
    x = np.zeros((1, 200, 1))
    x[0, 150:] = 1
    assert largest(x, Windows(200))[1].item() == 150


def test_the_transposed_sum_of_tiles_repeats() -> None:
    enlarging = transposed(Pool(Windows((2, 3), (2, 3))).bind((4, 6, 2), (2, 2, 2)))
    x = rng.standard_normal((2, 2, 2, 2))
    np.testing.assert_array_equal(enlarging.jvp(x), x.repeat(2, axis=1).repeat(3, axis=2))


def test_shapes_follow_from_neighbours() -> None:
    assert compose(Pool(Windows(2, 2)), Pool(Windows(3))).bind((8, 2), (3, 2)).factors[1].out_shape == (6, 2)


@pytest.mark.parametrize(
    ("pool", "in_shape", "out_shape", "problem"),
    [
        (Pool(Windows(3)), (2, 4), (0, 4), "larger than its input"),
        (Pool(Windows(2)), (4, 4), (2, 4), "does not fit its shapes"),
        (Pool(Windows(2)), (4, 4), (3, 2), "keeps its channels"),
        (Pool(Windows(2), np.zeros((3, 2, 4), int)), (4, 4), (3, 4), "a which that does not fit"),
        (Pool(Windows(2), np.zeros((2, 3, 4), int)), (4, 4), (3, 4), "does not hold this batch"),
        (Pool(Windows(2), np.zeros((3, 3, 4))), (4, 4), (3, 4), "needs integers in which"),
        (Pool(Windows(2), np.full((3, 3, 4), 2)), (4, 4), (3, 4), "picks outside of its window"),
        (Pool(Windows(2), np.full((3, 3, 4), -1)), (4, 4), (3, 4), "picks outside of its window"),
    ],
)  # fmt: skip
def test_check_refuses_what_does_not_fit(pool: Pool, in_shape, out_shape, problem: str) -> None:
    with pytest.raises(OperatorError, match=problem):
        pool.bind(in_shape, out_shape).check(3)
