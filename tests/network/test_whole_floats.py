"""Integer inputs from data that knows only floating-point numbers, as CSV and the preparation of data files do."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.derivatives.points.given_arrays import checked_array
from bpframe.errors import DataError


def test_whole_floats_are_taken_as_the_integers_that_they_stand_for():
    taken = checked_array(np.array([[0.0, 3.0]], np.float32), (2,), "input 'tokens'", np.int64)
    assert taken.dtype == np.int64
    assert taken.tolist() == [[0, 3]]


@pytest.mark.parametrize("number", [1.5, np.nan, np.inf])
def test_other_floats_are_refused_where_integers_are_wanted(number):
    with pytest.raises(DataError, match="holds no integers"):
        checked_array(np.array([[1.0, number]]), (2,), "input 'tokens'", np.int64)
