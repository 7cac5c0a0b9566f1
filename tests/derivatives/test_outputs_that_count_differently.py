"""Gradients per example add up to a multiple of the network's, also of several outputs, or they are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_classification import CrossEntropy
from bpframe_reference import Dense, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.errors import DerivativeError
from tests.oracles import assert_close

POSITIONS, BATCH = 3, 5


def network(counts: Any = None, words: bool = True, dtype: str = "float64") -> tuple[bp.Network, Any, Any]:
    """Return a network with a head of vectors and one of classes, by positions, and data."""
    classes = CrossEntropy(class_weight=counts) if counts else CrossEntropy()
    net = bp.Network(
        inputs={"x": (POSITIONS, 2)},
        nodes={
            "hidden": bp.node(Dense(units=4), "x"),
            "bent": bp.node(Sigmoid(), "hidden"),
            "words": bp.node(Dense(units=4), "bent"),
            "vectors": bp.node(Dense(units=2), "bent"),
        },
        output=["words", "vectors"],
        cost={"words": classes if words else QuadraticCost(), "vectors": QuadraticCost()},
        dtype=dtype,
        seed=0,
    )
    rng = np.random.default_rng(0)
    y = {
        "words": rng.integers(0, 4, (BATCH, POSITIONS)) if words else rng.normal(size=(BATCH, POSITIONS, 4)),
        "vectors": rng.normal(size=(BATCH, POSITIONS, 2)),
    }
    return net, rng.normal(size=(BATCH, POSITIONS, 2)), y


PER_EXAMPLE: Any = {
    "gradients": lambda net, x, y, **given: net.per_example.gradients(x, y, **given),
    "squared_norms": lambda net, x, y, **given: net.per_example.squared_norms(x, y, **given),
    "gram": lambda net, x, y, **given: net.per_example.gram(x, y, **given),
    "variance": lambda net, x, y, **given: net.per_example.variance(x, y, **given),
    "clipped_gradient": lambda net, x, y, **given: net.per_example.clipped_gradient(x, y, 1.0, **given),
}
FISHER: Any = {
    "empirical Fisher": lambda net, x, y, **given: (
        net.linear_operator("empirical_fisher", x, y, **given) @ (np.ones_like(net.parameters.vector))
    ),
    "its diagonal": lambda net, x, y, **given: net.curvature.empirical_fisher_diagonal(x, y, **given),
}


@pytest.mark.parametrize("quantity", PER_EXAMPLE | FISHER)
def test_heads_that_count_differently_are_refused(quantity: str) -> None:
    with pytest.raises(DerivativeError, match="count differently in several outputs"):
        (PER_EXAMPLE | FISHER)[quantity](*network())
    if quantity in PER_EXAMPLE:
        with pytest.raises(DerivativeError, match="count differently in several outputs"):
            PER_EXAMPLE[quantity](*network(counts=(1, 2, 3, 4)))
    net, x, y = network(words=False)
    with pytest.raises(DerivativeError, match="count differently in several outputs"):
        (PER_EXAMPLE | FISHER)[quantity](net, x, y, sample_weight={"words": np.array([1, 2, 1, 1, 4])})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("counts", [None, (1.0, 2.0, 3.0, 4.0)])
def test_the_weights_that_the_error_names_bring_them_together(counts: Any, dtype: str) -> None:
    net, x, y = network(counts, dtype=dtype)
    with pytest.raises(DerivativeError) as raised:
        net.per_example.gradients(x, y)
    share = float(str(raised.value.hint).split("sample_weight by output, ")[1].split(" for 'words'")[0])
    weight = {"words": np.full(BATCH, share)}
    rows = net.per_example.gradients(x, y, sample_weight=weight).matrix
    relative = 1e-6 if dtype == "float64" else 1e-4  # the weight was rounded where it was printed
    assert_close(rows.mean(axis=0), net.gradient(x, y).vector, relative=relative)  # a mean does not change
    if not counts:
        weight = {"words": np.full(BATCH, 1 / POSITIONS)}
        outer = rows.T @ (rows @ np.ones(rows.shape[1], dtype)) / BATCH
        assert_close(FISHER["empirical Fisher"](net, x, y, sample_weight=weight), outer, relative=relative)
        diagonal = FISHER["its diagonal"](net, x, y, sample_weight=weight).vector
        assert_close(diagonal, (rows**2).mean(axis=0), relative=relative)


def test_one_weight_for_all_outputs_is_taken() -> None:
    net, x, y = network(words=False)
    weight = np.array([1, 2, 0, 1, 4])
    rows = net.per_example.gradients(x, y, sample_weight=weight).matrix
    assert_close(rows.sum(axis=0) / weight.sum(), net.gradient(x, y, sample_weight=weight).vector)
    plain = net.per_example.gradients(x, y).matrix
    outer = plain.T @ (weight * (plain @ np.ones(plain.shape[1]))) / weight.sum()
    assert_close(FISHER["empirical Fisher"](net, x, y, sample_weight=weight), outer)
