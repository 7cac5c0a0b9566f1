"""Small networks that these tests share."""

from __future__ import annotations

import numpy as np
from bpframe_reference import Add, Dense, GradientDescent, Multiply, QuadraticCost, Sigmoid

import bpframe as bp


def chain(dtype="float64", seed=0, cost=True):
    """3 → 4 → 2 with sigmoids: nodes dense_1, sigmoid_1, dense_2, sigmoid_2."""
    layers = [Dense(units=4), Sigmoid(), Dense(units=2), Sigmoid()]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost() if cost else None, dtype=dtype, seed=seed)


def samples(count=7, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 3)).astype(dtype), rng.random((count, 2)).astype(dtype)


def shared(dtype="float64"):
    """Two inputs, one weight matrix for both, two outputs with a cost each."""
    return bp.Network(
        inputs={"left": (3,), "right": (3,)},
        nodes={
            "one": bp.node(Dense(units=2), "left"),
            "two": bp.node(Dense(units=2), "right", share="one"),
            "sum": bp.node(Add(), "one", "two"),
            "product": bp.node(Multiply(), "one", "two", "sum"),
        },
        output=["sum", "product"],
        cost={"sum": QuadraticCost(), "product": QuadraticCost()},
        dtype=dtype,
    )


def shared_samples(count=5, dtype="float64"):
    rng = np.random.default_rng(1)
    x = {name: rng.standard_normal((count, 3)).astype(dtype) for name in ("left", "right")}
    y = {name: rng.standard_normal((count, 2)).astype(dtype) for name in ("sum", "product")}
    return x, y


def descent(rate=0.5):
    return GradientDescent(learning_rate=rate)
