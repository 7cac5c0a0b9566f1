"""What is set on a network takes effect, or is refused: nothing goes unseen."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.errors import BpframeError

X, Y = np.ones((2, 4)), np.ones((2, 3))


def network() -> bp.Network:
    return bp.Network([Dense(units=3)], cost=QuadraticCost(), input_shape=(4,))


def test_an_array_that_takes_the_place_of_the_vector_is_copied_into_it() -> None:
    net, values = network(), np.linspace(-1, 1, 15)
    vector = net.parameters.vector
    net.parameters.vector = values
    assert net.parameters.vector is vector
    assert not np.shares_memory(vector, values)
    np.testing.assert_array_equal(net.parameters["dense_1.w"], values[:12].reshape(3, 4))
    np.testing.assert_allclose(net.predict(X), X @ values[:12].reshape(3, 4).T + values[12:])
    before = net.cost(X, Y)
    net.parameters.vector = net.parameters.vector - 0.1 * net.gradient(X, Y).vector
    net.parameters.vector -= 0.1 * net.gradient(X, Y).vector
    assert net.cost(X, Y) < 0.5 * before
    cost = net.cost(X, Y)
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=1, progress=False)
    assert net.cost(X, Y) < cost


@pytest.mark.parametrize("wrong", [np.zeros(14), np.zeros(15, complex), np.zeros((3, 5)), "zeros"], ids=repr)
def test_a_vector_that_does_not_fit_is_refused_and_nothing_moves(wrong: Any) -> None:
    net = network()
    before = net.parameters.vector.copy()
    with pytest.raises(BpframeError, match="vector"):
        net.parameters.vector = wrong
    np.testing.assert_array_equal(net.parameters.vector, before)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))])
def test_views_of_copied_parameters_are_views_of_the_copied_vector(copied: Any) -> None:
    found = copied(network().parameters)
    found["dense_1.w"] = 7.0
    assert found.vector.max() == 7.0


@pytest.mark.parametrize("name", [*inspect.signature(bp.Network).parameters, "trainable"])
def test_what_a_network_is_made_with_cannot_be_set_later(name: str) -> None:
    net = network()
    with pytest.raises(AttributeError, match=f"{name} cannot be set"):
        setattr(net, name, None)


def test_an_attribute_of_parameters_that_is_none_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        network().parameters.vecotr = np.zeros(15)  # type: ignore[attr-defined]
