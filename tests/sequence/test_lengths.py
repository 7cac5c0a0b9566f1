"""Lengths that no sequence can have are refused in every step, and gates that are all but shut are precise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_sequence import (
    Gru,
    MaskedGru,
    MaskedLstm,
    MaskedMultiHeadAttention,
    MaskedSimpleRnn,
    MaskedTransformerBlock,
)

import bpframe as bp
from bpframe.errors import DataError

T = 3


@pytest.mark.parametrize(
    "layer",
    [
        MaskedSimpleRnn(units=2, return_sequences=True),
        MaskedLstm(units=2),
        MaskedGru(units=2),
        MaskedMultiHeadAttention(heads=1),
        MaskedTransformerBlock(heads=1, units=3),
    ],
    ids=lambda layer: layer.kind,
)
def test_a_length_beyond_the_steps_is_refused_in_every_step(layer: Any) -> None:
    rng = np.random.default_rng(0)
    nodes = {"layer": bp.node(layer, "x", "lengths"), "out": bp.node(Dense(units=1), "layer")}
    net = bp.Network(nodes=nodes, inputs={"x": (T, 2), "lengths": ()}, cost=QuadraticCost())
    x, lengths = rng.standard_normal((4, T, 2)), np.array([0, 1, T, 2])
    y = np.zeros_like(net.predict({"x": x, "lengths": lengths}))
    beyond = np.array([0, T + 1, 1, 2])
    for _ in range(6):
        with pytest.raises(DataError, match="a sequence is longer than there are steps") as caught:
            net.train_step({"x": x, "lengths": beyond}, y, optimizer=GradientDescent(learning_rate=0.1))
        assert f"{T + 1} at [1]" in str(caught.value.received)
        net.train_step({"x": x, "lengths": lengths}, y, optimizer=GradientDescent(learning_rate=0.1))
    for _ in range(6):
        net.predict({"x": x, "lengths": lengths})
    with pytest.raises(DataError, match="longer than there are steps"):
        net.predict({"x": x, "lengths": beyond})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("gate", [-40.0, 30.0, 60.0])
def test_a_gru_that_hardly_lets_anything_in_is_as_precise_as_any(gate: float, dtype: Any) -> None:
    layer = Gru(units=1)
    p = {"w": np.zeros((3, 1), dtype), "u": np.zeros((3, 1), dtype), "b": np.array([0, gate, 0.5, 0], dtype)}
    (h,) = layer.forward(np.ones((1, 1, 1), dtype), p, {})
    np.testing.assert_allclose(h, [np.tanh(0.5) / (1 + np.exp(gate))], rtol=4 * np.finfo(dtype).eps)
