"""Arrays whose axes are in another order are never told to be reshaped, which would mix their entries."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Identity, QuadraticCost

import bpframe as bp
from bpframe.errors import ShapeMismatch


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ((5, 3, 8, 6), "np.moveaxis(x, 1, -1)"),  # channels first
        ((5, 6, 8, 3), None),  # width first
        ((5, 8, 18), "x.reshape(5, 8, 6, 3)"),
        ((5, 144), "x.reshape(5, 8, 6, 3)"),
    ],
)
def test_what_to_try_for_images_of_another_shape(given: tuple[int, ...], hint: str | None) -> None:
    net = bp.Network([Identity()], input_shape=(8, 6, 3))
    with pytest.raises(ShapeMismatch) as caught:
        net.predict(np.zeros(given))
    assert (caught.value.hint or "").endswith(hint or "")
    assert hint or not caught.value.hint


def test_targets_in_a_row_are_told_to_become_a_column() -> None:
    net = bp.Network([Identity()], cost=QuadraticCost(), input_shape=(1,))
    with pytest.raises(ShapeMismatch, match=r"y\.reshape\(4, 1\)"):
        net.cost(np.zeros((4, 1)), np.zeros(4))
