"""Integer inputs: no derivative, repeated tokens add up, mistakes are the data's."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_convolution import Flatten
from bpframe_reference import Add, Dense, GradientDescent, QuadraticCost
from bpframe_sequence import Embedding

from bpframe import Network, node
from bpframe.errors import DataError, DerivativeError, GraphError

TOKENS = np.array([[0, 2, 2], [2, 3, 2]])


def network(**fields):
    return Network([Embedding(size=5, units=2), Flatten()], input_shape=(3,), cost=QuadraticCost(), **fields)


def test_repeated_tokens_add_their_errors():
    net = network()
    y = np.zeros((2, 6))
    delta = net.predict(TOKENS).reshape(2, 3, 2) / 2
    expected = np.zeros((5, 2))
    for n, t in np.ndindex(TOKENS.shape):
        expected[TOKENS[n, t]] += delta[n, t]
    np.testing.assert_allclose(net.gradient(TOKENS, y)["embedding_1.w"], expected, rtol=1e-14)
    assert (expected[2] != 0).all()
    np.testing.assert_array_equal(expected[[1, 4]], 0)


def test_training_moves_only_the_rows_that_occur():
    net = network()
    before = net.parameters["embedding_1.w"].copy()
    net.fit(TOKENS, np.ones((2, 6)), optimizer=GradientDescent(learning_rate=0.1), epochs=3)
    moved = (net.parameters["embedding_1.w"] != before).all(axis=1)
    np.testing.assert_array_equal(moved, [True, False, True, True, False])


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64"])
def test_any_integers_will_do(dtype):
    np.testing.assert_array_equal(network().predict(TOKENS.astype(dtype)), network().predict(TOKENS))


def test_no_derivative_with_respect_to_integers():
    with pytest.raises(DerivativeError, match="no input of the network has a derivative"):
        network().vjp(TOKENS, np.zeros((2, 6)))
    with pytest.raises(DerivativeError, match="nothing to change by a tangent"):
        network().jvp(TOKENS, np.zeros((2, 3)))


def test_beside_an_input_of_numbers():
    net = Network(
        nodes={
            "looked_up": node(Embedding(size=5, units=2), "tokens"),
            "dense": node(Dense(units=2), "x"),
            "sum": node(Add(), "looked_up", "dense"),
        },
        inputs={"tokens": (3,), "x": (3, 4)},
    )
    x = {"tokens": TOKENS, "x": np.ones((2, 3, 4))}
    found = net.vjp(x, np.ones((2, 3, 2)))
    assert set(found) == {"x"}
    np.testing.assert_allclose(found["x"], np.broadcast_to(net.parameters["dense.w"].sum(axis=0), (2, 3, 4)))


def test_mistakes_name_the_place():
    with pytest.raises(DataError, match="the input 'x' is outside its domain") as caught:
        network().predict(TOKENS + 3)
    assert caught.value.expected == "integers from 0 to 4"
    assert caught.value.received == "5 at [0, 1], and 4 more"
    with pytest.raises(DataError, match="holds no integers"):
        network().predict(TOKENS + 0.5)
    with pytest.raises(GraphError, match=r"reads integers from 'dense_1'"):
        Network([Dense(units=3), Embedding(size=5, units=2)], input_shape=(3,))
    with pytest.raises(GraphError, match="read as integers by one node and as floating-point numbers by another"):
        Network(
            nodes={"a": node(Embedding(size=5, units=3), "x"), "b": node(Dense(units=3), "x")},
            inputs={"x": (3,)},
            output=["a", "b"],
        )
