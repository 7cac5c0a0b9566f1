"""Arguments that `fit` does not have are told what does the same."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.errors import SpecError

X, Y = np.ones((4, 2)), np.ones((4, 1))


def network() -> bp.Network:
    return bp.Network([Dense(units=1)], input_shape=(2,), cost=QuadraticCost(), seed=0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("class_weight", "sample_weight=weights[y]"),
        ("validation_fraction", "validation_split=0.2"),
        ("lr", "learning_rate of the optimizer"),
        ("batchsize", "did you mean 'batch_size'?"),
        ("metric", "did you mean 'metrics'?"),
    ],
)
def test_an_unknown_argument_is_told_what_does_the_same_before_anything_changes(name: str, said: str) -> None:
    net = network()
    before = net.parameters.vector.copy()
    given: Any = {name: 0.5}
    with pytest.raises(SpecError, match=f"fit has no argument '{name}'") as raised:
        net.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), **given)
    assert said in str(raised.value.hint)
    assert np.array_equal(net.parameters.vector, before)


def test_the_signature_and_what_is_missing_are_told_as_ever() -> None:
    assert list(inspect.signature(bp.Network.fit).parameters)[:4] == ["self", "x", "y", "optimizer"]
    with pytest.raises(TypeError, match="optimizer"):
        network().fit(X, Y)  # type: ignore[call-arg]
