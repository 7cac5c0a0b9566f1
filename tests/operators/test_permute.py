"""Axes in another order: against NumPy's transpose, joined where they meet, and refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.core.operators import compose
from bpframe.errors import OperatorError
from bpframe.structures import Permute, transposed


def test_two_permutations_are_one_and_a_permutation_and_its_transpose_change_nothing() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    both = compose(Permute((1, 0, 2)), Permute((2, 0, 1)))
    assert isinstance(both, Permute)
    np.testing.assert_array_equal(both.jvp(x), x.transpose(0, 3, 1, 2).transpose(0, 2, 1, 3))
    back = compose(transposed(Permute((2, 0, 1))), Permute((2, 0, 1)))
    assert isinstance(back, Permute)
    assert back.axes == (0, 1, 2)


@pytest.mark.parametrize("axes", [(1,), (0, 0), (0, 2), (-1, 0)])
def test_axes_that_are_no_order_are_refused(axes: tuple[int, ...]) -> None:
    with pytest.raises(OperatorError, match="axes that are no order") as caught:
        Permute(axes)
    assert str(axes) in str(caught.value.received)


@pytest.mark.parametrize(("in_shape", "out_shape"), [((2, 3), (2, 3)), ((2,), (2,)), ((2, 3, 1), (3, 2, 1))])
def test_check_refuses_shapes_that_do_not_fit(in_shape: tuple[int, ...], out_shape: tuple[int, ...]) -> None:
    with pytest.raises(OperatorError, match="'permute' does not fit its shapes"):
        Permute((1, 0)).bind(in_shape, out_shape).check(1)
