"""What a network says to sequences of different lengths that are not padded as it takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense
from bpframe_regularisation import L2

import bpframe as bp
from bpframe.errors import BpframeError, OperatorError
from bpframe.extend import Gather
from tests.components.masked_cross_entropy import MaskedSquares, SequenceCrossEntropy

RNG = np.random.default_rng(0)
X, Y, TOKENS = RNG.normal(size=(2, 3, 2)), RNG.normal(size=(2, 3, 1)), RNG.integers(0, 4, (2, 3))
MASK = np.array([[True, True, False], [True, True, True]])
SQUARES = bp.Network([Dense(units=1)], cost=MaskedSquares(), input_shape=(None, 2))
CLASSES = bp.Network([Dense(units=4)], cost=SequenceCrossEntropy(), input_shape=(None, 2))

SAID: dict[str, tuple[Callable[[], Any], str]] = {
    "ragged": (lambda: SQUARES.predict([X[0], X[1, :2]]), "pad the shorter ones"),
    "ragged, of objects": (
        lambda: SQUARES.predict(np.array([X[0], X[1, :2]], dtype=object)),
        "pad the shorter ones",
    ),
    "ragged targets": (lambda: SQUARES.cost(X, [Y[0], Y[1, :2]]), "pad the shorter ones"),
    "nan": (
        lambda: SQUARES.cost(X, np.where(MASK[..., None], Y, np.nan), sample_weight=MASK),
        "a sample_weight of 0 leaves filled ones out",
    ),
    "minus 100": (
        lambda: CLASSES.cost(X, np.where(MASK, TOKENS, -100), sample_weight=MASK),
        "such as padding, any class number and a sample_weight of 0",
    ),
    "one penalty": (
        lambda: bp.Network([Dense(units=1)], input_shape=(2,), penalties=L2(rate=1.0)),  # type: ignore[arg-type]
        r'penalties={"\*.w": ...}',
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_the_message_says_what_to_do(case: str) -> None:
    attempt, said = SAID[case]
    with pytest.raises(BpframeError, match=said):
        attempt()


def test_inputs_that_are_not_finite_are_not_left_out_by_weights() -> None:
    with pytest.raises(BpframeError) as caught:
        SQUARES.cost(np.where(MASK[..., None], X, np.nan), Y, sample_weight=MASK)
    assert "sample_weight" not in str(caught.value)


def test_a_gather_is_told_its_input_where_it_is_made() -> None:
    with pytest.raises(OperatorError, match=r"Gather\(index, in_shape\) where it is made"):
        Gather(np.array([[0, 1]])).vjp(np.ones((1, 2)))
