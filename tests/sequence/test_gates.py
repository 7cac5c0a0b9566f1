"""Gates that are all but closed, or all but open, keep all their digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from bpframe_sequence import Gru
from bpframe_sequence.gates import largest_power, open_gates

mpmath.mp.dps = 50


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_both_sides_of_a_gate_are_precise_where_they_are_small(dtype: Any) -> None:
    at = np.array([-1e4, -300, -80, -40, -5, -1e-3, 0, 0.7, 5, 40, 80, 300, 1e4], dtype)
    largest, opened, closed = largest_power(at), np.empty_like(at), np.empty_like(at)
    open_gates(-at, largest, opened, closed)
    for found, sign in ((opened, 1), (closed, -1)):
        exact = np.array([float(1 / (1 + mpmath.exp(-sign * mpmath.mpf(float(each))))) for each in at])
        seen = exact > np.finfo(dtype).tiny * 10
        np.testing.assert_allclose(found[seen], exact[seen], rtol=4e2 * np.finfo(dtype).eps)
        assert (found[~seen] >= 0).all()
        assert (found[~seen] < 1e-30).all()


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_unit_that_holds_nearly_all_of_its_state_takes_in_the_right_part_of_the_new(reset_after: bool) -> None:
    layer = Gru(units=1, reset_after=reset_after)
    shapes = layer.parameters(((1, 1),))
    p = {key: np.zeros(each.shape) for key, each in shapes.items()}
    p["b"][1], p["b"][2] = 50.0, 0.3  # z = σ(50), n = tanh 0.3
    (found,) = layer.forward(np.zeros((1, 1, 1)), p, {}).ravel()
    exact = mpmath.tanh(mpmath.mpf(0.3)) / (1 + mpmath.exp(50))
    assert abs(found / float(exact) - 1) < 1e-13
