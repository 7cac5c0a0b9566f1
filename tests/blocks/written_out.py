"""Networks with blocks, each beside the same network written out by hand."""

from __future__ import annotations

import numpy as np
from bpframe_reference import Add, Dense, QuadraticCost, Sigmoid

import bpframe as bp
from tests.components.attention import Attention
from tests.components.blocks import Projected, Residual, Sequence, Skip

node = bp.node


def residual(dtype="float64"):
    return bp.Network(
        [Dense(units=3), Residual(units=5), Sigmoid(), node(Residual(units=4), name="last")],
        input_shape=(4,), cost=QuadraticCost(), dtype=dtype, seed=3,
    )  # fmt: skip


def residual_written_out(dtype="float64"):
    return bp.Network(
        [
            Dense(units=3),
            node(Dense(units=5), name="residual_1.dense_1"),
            node(Sigmoid(), name="residual_1.sigmoid_1"),
            node(Dense(units=3), name="residual_1.dense_2"),
            node(Add(), "dense_1", "residual_1.dense_2", name="residual_1.add_1"),
            Sigmoid(),
            node(Dense(units=4), name="last.dense_1"),
            node(Sigmoid(), name="last.sigmoid_1"),
            node(Dense(units=3), name="last.dense_2"),
            node(Add(), "sigmoid_1", "last.dense_2", name="last.add_1"),
        ],
        input_shape=(4,), cost=QuadraticCost(), dtype=dtype, seed=3,
    )  # fmt: skip


def nested(dtype="float64"):
    inner = Skip(inner=Sequence(body=(Dense(units=3), Sigmoid()), times=2))
    return bp.Network(
        inputs={"x": (4,)},
        nodes={
            "first": node(Dense(units=3), "x"),
            "deep": node(Skip(inner=inner), "first"),
            "again": node(Skip(inner=inner), "deep", share="deep"),
        },
        output="again", cost=QuadraticCost(), dtype=dtype, seed=3,
    )  # fmt: skip


def nested_written_out(dtype="float64"):
    def body(name, source, share=None):
        def of(part):
            return None if share is None else f"{share}.{part}"

        return {
            f"{name}.inner.inner.dense_1": node(Dense(units=3), source, share=of("inner.inner.dense_1")),
            f"{name}.inner.inner.sigmoid_2": node(Sigmoid(), f"{name}.inner.inner.dense_1"),
            f"{name}.inner.inner.dense_3": node(
                Dense(units=3), f"{name}.inner.inner.sigmoid_2", share=of("inner.inner.dense_3")
            ),
            f"{name}.inner.inner.sigmoid_4": node(Sigmoid(), f"{name}.inner.inner.dense_3"),
            f"{name}.inner.add": node(Add(), source, f"{name}.inner.inner.sigmoid_4"),
            f"{name}.add": node(Add(), source, f"{name}.inner.add"),
        }

    return bp.Network(
        inputs={"x": (4,)},
        nodes={
            "first": node(Dense(units=3), "x"), **body("deep", "first"), **body("again", "deep.add", share="deep"),
        },
        output="again.add", cost=QuadraticCost(), dtype=dtype, seed=3,
    )  # fmt: skip


def attention(dtype="float64"):
    return bp.Network(
        inputs={"x": (5, 4), "m": (3, 2)},
        nodes={"att": node(Projected(width=3), "x", "m"), "head": node(Dense(units=2), "att")},
        output="head", cost=QuadraticCost(), dtype=dtype, seed=3,
    )  # fmt: skip


def attention_written_out(dtype="float64"):
    return bp.Network(
        inputs={"x": (5, 4), "m": (3, 2)},
        nodes={
            "att.q": node(Dense(units=3), "x"),
            "att.k": node(Dense(units=3), "m"),
            "att.v": node(Dense(units=4), "m"),
            "att.attention": node(Attention(), "att.q", "att.k", "att.v"),
            "att.sum": node(Add(), "x", "att.attention"),
            "head": node(Dense(units=2), "att.sum"),
        },
        output="head", cost=QuadraticCost(), dtype=dtype, seed=3,
    )  # fmt: skip


PAIRS = {
    "residual": (residual, residual_written_out),
    "nested": (nested, nested_written_out),
    "attention": (attention, attention_written_out),
}


def samples(network, count=6):
    rng = np.random.default_rng(0)
    inputs = {name: rng.standard_normal((count, *shape)) for name, shape in network.graph.inputs.items()}
    (output,) = network.graph.outputs
    y = rng.random((count, *network.graph.shapes[output]))
    x = {name: array.astype(network.dtype) for name, array in inputs.items()}
    return (x if len(x) > 1 else x["x"]), y.astype(network.dtype)
