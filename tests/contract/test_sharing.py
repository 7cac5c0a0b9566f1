"""Two nodes with one set of parameters; one node's output in several places."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_convolution import Conv1d, Flatten
from bpframe_reference import Add, Dense, QuadraticCost
from bpframe_regularisation import BatchNorm, LayerNorm
from bpframe_sequence import Embedding

from bpframe import Network, node
from tests.components.attention import Attention
from tests.components.recurrent import Recurrent
from tests.oracles import assert_close, cost_gradient

from .cases import scatter

rng = np.random.default_rng(2)


@pytest.mark.parametrize(
    ("component", "training"),
    [
        (Conv1d(filters=2, kernel_size=3), False),
        (Recurrent(units=2), False),
        (LayerNorm(), False),
        (BatchNorm(epsilon=0.1), True),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_two_nodes_share_one_layer(component, training):
    network = Network(
        nodes={
            "left": node(component, "a"),
            "right": node(component, "b", share="left"),
            "sum": node(Add(), "left", "right"),
            "flat": node(Flatten(), "sum"),
            "end": node(Dense(units=2), "flat"),
        },
        inputs={"a": (5, 2), "b": (5, 2)},
        cost=QuadraticCost(),
    )
    scatter(network)
    assert not any(path.startswith("right.") for path in network.parameters)
    x = {name: rng.standard_normal((3, 5, 2)) for name in "ab"}
    y = rng.standard_normal((3, 2))
    expected = cost_gradient(network, x, y, training=training)
    assert_close(network.gradient(x, y, training=training).vector, expected)
    # Once more: gradients of shared parameters are sums, and must start from zero each time.
    assert_close(network.gradient(x, y, training=training).vector, expected)


def test_a_layer_applied_to_its_own_output():
    network = Network(
        nodes={
            "first": node(Recurrent(units=2), "x"),
            "second": node(Recurrent(units=2), "first", share="first"),
            "flat": node(Flatten(), "second"),
        },
        inputs={"x": (4, 2)},
        cost=QuadraticCost(),
    )
    x, y = rng.standard_normal((3, 4, 2)), rng.standard_normal((3, 8))
    assert_close(network.gradient(x, y).vector, cost_gradient(network, {"x": x}, y))


def test_self_attention_reads_one_node_three_times():
    network = Network(
        nodes={
            "embedded": node(Embedding(size=6, units=4), "tokens"),
            "mixed": node(Attention(), "embedded", "embedded", "embedded"),
            "flat": node(Flatten(), "mixed"),
        },
        inputs={"tokens": (3,)},
        cost=QuadraticCost(),
    )
    tokens, y = rng.integers(0, 6, (5, 3)), rng.standard_normal((5, 12))
    assert_close(network.gradient(tokens, y).vector, cost_gradient(network, {"tokens": tokens}, y))
