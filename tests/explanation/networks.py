"""The networks of the tutorial, with the numbers that it has."""

from __future__ import annotations

import numpy as np
from bpframe_reference import Add, Dense, Multiply, QuadraticCost, Shift, Sigmoid

import bpframe as bp

A1 = [1.0, 2.0]
Y = [-1.0]
W2 = [[1.0, -1.0], [2.0, 1.0]]
W3 = [[2.0, 1.0], [-1.0, 1.0]]
W4 = [[3.0, -1.0]]


def linear() -> bp.Network:
    """Return the network 2-2-2-1 of the tutorial: neither biases nor activations."""
    network = bp.Network(
        inputs={"a1": (2,)},
        nodes={
            "a2": bp.node(Dense(units=2, bias=False), "a1"),
            "a3": bp.node(Dense(units=2, bias=False), "a2"),
            "a4": bp.node(Dense(units=1, bias=False), "a3"),
        },
        output="a4",
        cost=QuadraticCost(),
    )
    for path, weight in {"a2.w": W2, "a3.w": W3, "a4.w": W4}.items():
        network.parameters[path] = np.array(weight)
    return network


def sigmoids(*units: int, inputs: int = 2, seed: int = 0, dtype: str = "float64") -> bp.Network:
    """Return a network of layers with biases and sigmoids."""
    layers = [layer for each in units for layer in (Dense(units=each), Sigmoid())]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(inputs,), seed=seed, dtype=dtype)


def olah() -> bp.Network:
    """Return Olah's graph: c = a + b, d = b + 1, e = c d."""
    return bp.Network(
        inputs={"a": (1,), "b": (1,)},
        nodes={
            "c": bp.node(Add(), "a", "b"),
            "d": bp.node(Shift(by=1.0), "b"),
            "e": bp.node(Multiply(), "c", "d"),
        },
        output="e",
    )
