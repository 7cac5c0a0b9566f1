"""Activations that go along an axis: one that the input lacks is refused where the network is built."""

from __future__ import annotations

import pytest
from bpframe_activations import LogSoftmax, Softmax
from bpframe_reference import Dense

import bpframe as bp
from bpframe.errors import ContractError, ShapeMismatch
from bpframe.extend import Activation, Array, Diagonal, Operator


@pytest.mark.parametrize("kind", [Softmax, LogSoftmax])
@pytest.mark.parametrize("axis", [1, -2])
def test_an_axis_that_the_input_lacks_is_refused_before_any_array_exists(kind: type[Softmax], axis: int) -> None:
    with pytest.raises(ShapeMismatch, match=rf"no axis {axis} to go along"):
        bp.Network([Dense(units=4), kind(axis=axis)], input_shape=(3,))
    bp.Network([Dense(units=4), kind(axis=axis)], input_shape=(5, 3))


class Shorter(Activation):
    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (1,)

    def forward(self, x: Array) -> Array:
        return x[:, :1]

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(x)


def test_an_activation_whose_output_has_another_shape_is_refused() -> None:
    with pytest.raises(ContractError, match=r"shorter.*activation's output has its input's shape"):
        bp.Network([Dense(units=4), Shorter()], input_shape=(3,))
