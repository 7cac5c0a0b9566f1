"""Components that are written with the operators for images, sequences and attention are recorded, not called."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bpframe_convolution import Conv1d
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe import node
from bpframe.extend import Array, Gather, Layer, Operator, transposed
from tests.components.attention import Attention
from tests.components.gated import Gru, Lstm, PlainRecurrent, Sequential
from tests.oracles import assert_close, cost_gradient

from .test_as_if_called import USES, batches, same_as_called


class Histogram(Layer):
    """Add up what falls into each of two bins, y_k = Σ_{i: bin(i) = k} x_i: a gather, transposed."""

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (2,)

    def forward(self, x: Array) -> Array:
        return transposed(Gather(np.array([[0, 1, 0]]), (2,))).jvp(x)

    def jacobian(self) -> Operator:
        return transposed(Gather(np.array([[0, 1, 0]]), (2,)))


def binned() -> bp.Network:
    layers = [Dense(units=3), Histogram(), Dense(units=2)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), seed=3)


def convolving() -> bp.Network:
    layers = [Conv1d(filters=3, kernel_size=3, stride=2), Conv1d(filters=2, kernel_size=2)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(9, 2), seed=3)


def recurring(layer: Sequential) -> Callable[[], bp.Network]:
    return lambda: bp.Network([layer, Dense(units=2)], cost=QuadraticCost(), input_shape=(4, 2), seed=3)


def attending() -> bp.Network:
    """Self-attention over five positions."""
    return bp.Network(
        inputs={"x": (5, 3)},
        nodes={name: node(Dense(units=3), "x") for name in "qkv"} | {"y": node(Attention(), "q", "k", "v")},
        output="y", cost=QuadraticCost(), seed=3,
    )  # fmt: skip


MAKERS = {
    "batch matmul": attending,
    "transposed": binned,
    "windows": convolving,
    "scan": recurring(PlainRecurrent(units=3)),
    "scan of an lstm": recurring(Lstm(units=2)),
    "scan of a gru": recurring(Gru(units=2)),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_recorded_passes_equal_called_ones(make, use, monkeypatch) -> None:
    same_as_called(make, use, monkeypatch)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_no_node_is_called(make) -> None:
    net = make()
    for x, y in batches(net):
        found = net.gradient(x, y).vector.copy()
    assert not net.step_plan(4).direct
    assert_close(found, cost_gradient(net, {"x": np.asarray(x)}, y), 1e-6)
