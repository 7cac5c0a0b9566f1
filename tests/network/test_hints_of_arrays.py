"""What to try where an array does not fit is what brings it to fit, of targets for targets and of masks for masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bpframe_classification import CrossEntropy, HingeCost
from bpframe_reference import Dense, QuadraticCost
from bpframe_sequence import Lstm, MaskedLstm

import bpframe as bp
from bpframe.errors import BpframeError, DataError

N, T = 5, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, T, 3))
CLASSES = RNG.integers(0, 2, (N, T))


def reading(cost: Any, **fields: Any) -> bp.Network:
    return bp.Network([Lstm(units=2, **fields)], cost=cost, input_shape=(T, 3))


def masked(shape: tuple[int | None, ...]) -> bp.Network:
    nodes = {"h": bp.node(MaskedLstm(units=2), "x", "m")}
    return bp.Network(nodes=nodes, inputs={"x": (T, 3), "m": shape}, cost=QuadraticCost(), seed=0)


SAID: dict[str, tuple[Callable[[], Any], str, str]] = {
    "targets of positions": (lambda: reading(CrossEntropy()).cost(X, CLASSES), "keep positions", "argmax"),
    "one-hot rows": (lambda: reading(CrossEntropy()).cost(X, np.eye(2)[CLASSES[:, 0]]), "argmax", "positions"),
    "one-hot rows of positions": (
        lambda: reading(CrossEntropy(), return_sequences=True).cost(X, np.eye(2)[CLASSES]),
        "argmax",
        "keep positions",
    ),
    "one target for all positions": (
        lambda: bp.Network([Dense(units=2)], cost=CrossEntropy(), input_shape=(T, 3)).cost(X, CLASSES[:, 0]),
        "flatten",
        "reshape",
    ),
    "a mask for lengths": (lambda: masked(()).predict({"x": X, "m": np.ones((N, T), int)}), "sum(axis=-1)", "argmax"),
    "lengths for a mask": (lambda: masked((T,)).predict({"x": X, "m": np.full(N, 3)}), "numpy.arange(4) <", "[None]"),
    "a mask of booleans": (lambda: masked((T,)).predict({"x": X, "m": np.ones((N, T), bool)}), "astype(int)", "unique"),
    "ragged": (lambda: reading(CrossEntropy()).predict([X[0], X[1, :2]]), "masked_", "reshape"),
}


@pytest.mark.parametrize("case", SAID)
def test_the_hint_is_for_what_was_given(case: str) -> None:
    attempt, said, unsaid = SAID[case]
    with pytest.raises(BpframeError) as raised:
        attempt()
    assert said in str(raised.value.hint)
    assert unsaid not in str(raised.value.hint)


@pytest.mark.parametrize(("shape", "lengths"), [((), True), ((T,), False)])
def test_following_the_hints_gives_the_same_numbers(shape: tuple[int, ...], lengths: bool) -> None:
    steps = np.array([1, 4, 0, 2, 3])
    mask = np.arange(T) < steps[:, None]
    found = masked(shape).predict({"x": X, "m": (mask != 0).sum(axis=-1) if lengths else mask.astype(int)})
    plain = bp.Network([Lstm(units=2)], input_shape=(None, 3), seed=0)
    plain.load_parameters({f"lstm_1.{key}": masked(shape).parameters[f"h.{key}"] for key in "wub"})
    for row, x, count in zip(found, X, steps, strict=True):
        alone = plain.predict(x[None, :count])[0] if count else np.zeros(2)  # nothing counts: the state is still 0
        np.testing.assert_allclose(row, alone, rtol=1e-12)


@pytest.mark.parametrize("cost", [CrossEntropy(), HingeCost(targets="classes")], ids=lambda each: each.kind)
def test_a_class_number_that_is_none_is_told_with_its_output_place_and_a_way_out(cost: Any) -> None:
    net = bp.Network([Dense(units=2)], cost=cost, input_shape=(3,))
    x = RNG.normal(size=(4, 3))
    with pytest.raises(DataError, match="target of 'dense_1': a class number is outside the classes") as raised:
        net.cost(x, np.array([0, 1, 2, 2]))
    assert raised.value.received == "2 at [2], and 1 more"
    assert "as many scores as classes" in str(raised.value.hint)
    with pytest.raises(DataError) as raised:
        net.cost(x, np.array([1, 2, 2, 1]))
    assert raised.value.hint == "classes are counted from 0: y - 1"
