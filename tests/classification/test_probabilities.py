"""A cost that turns scores into probabilities itself is not given probabilities."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from bpframe_activations import HardSigmoid, LogSoftmax, Softmax, Tanh
from bpframe_classification import (
    BinaryCrossEntropy,
    CrossEntropy,
    HuberCost,
    KlDivergenceCost,
    ProbabilityCrossEntropy,
)
from bpframe_reference import Dense, Identity, Sigmoid

import bpframe as bp
from bpframe.errors import GraphError
from bpframe.extend import Activation, Array, Cost, Diagonal, Layer


class Share(Activation):
    """A stranger's sigmoid."""

    probabilities: ClassVar[bool] = True

    def forward(self, z: Array) -> Array:
        """Return σ(z)."""
        found: Array = 1 / (1 + np.exp(-z))
        return found

    def jacobian(self, y: Array) -> Diagonal:
        """Return σ′(z)."""
        return Diagonal(y * (1 - y))


def network(*layers: Layer, cost: Cost, shape: Any = (3,)) -> bp.Network:
    return bp.Network([Dense(units=4), *layers], input_shape=shape, cost=cost)


@pytest.mark.parametrize("layer", [Softmax(), Softmax(axis=0), Sigmoid(), HardSigmoid(), Share()], ids=repr)
@pytest.mark.parametrize(
    "cost", [CrossEntropy(), CrossEntropy(targets="probabilities"), BinaryCrossEntropy(), KlDivergenceCost()], ids=repr
)
def test_probabilities_for_a_cost_of_scores_are_refused_with_both_ways_out(layer: Layer, cost: Cost) -> None:
    with pytest.raises(GraphError, match=rf"layers\[1\] '{layer.kind}_1'.* gives probabilities to the cost") as raised:
        network(layer, cost=cost)
    assert f"leave {layer.kind} out" in str(raised.value.hint)
    assert "the cost probability_cross_entropy" in str(raised.value.hint)


def test_they_are_refused_with_open_axes_and_for_one_output_of_several() -> None:
    with pytest.raises(GraphError, match="gives probabilities"):
        network(Softmax(), cost=CrossEntropy(), shape=(None, 3))
    nodes = {"a": bp.node(Dense(units=2), "x"), "b": bp.node(Softmax(), "a")}
    with pytest.raises(GraphError, match=r"'b'.* gives probabilities"):
        bp.Network(nodes=nodes, input_shape=(3,), output=["a", "b"], cost={"a": CrossEntropy(), "b": CrossEntropy()})


@pytest.mark.parametrize(
    ("layers", "cost"),
    [
        ([], CrossEntropy()),
        ([Tanh()], CrossEntropy()),
        ([LogSoftmax()], CrossEntropy()),  # whose log-softmax is itself
        ([Softmax()], ProbabilityCrossEntropy()),
        ([Sigmoid()], ProbabilityCrossEntropy(targets="binary")),
        ([Softmax(), Identity()], CrossEntropy()),  # who means it says so
        ([Sigmoid()], HuberCost()),
        ([Softmax(), Dense(units=2)], BinaryCrossEntropy()),
    ],
    ids=repr,
)
def test_everything_else_is_taken(layers: list[Layer], cost: Cost) -> None:
    network(*layers, cost=cost)


def test_log_softmax_before_cross_entropy_changes_nothing() -> None:
    x, y = np.random.default_rng(0).normal(size=(5, 3)), np.arange(5) % 4
    plain, twice = network(cost=CrossEntropy()), network(LogSoftmax(), cost=CrossEntropy())
    np.testing.assert_allclose(twice.gradient(x, y).vector, plain.gradient(x, y).vector, rtol=1e-12, atol=1e-15)


def test_a_network_that_was_saved_before_is_read(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Softmax, "probabilities", False)
        net = network(Softmax(), cost=CrossEntropy())
    net.save(tmp_path / "run")
    assert np.array_equal(bp.load(tmp_path / "run").predict(np.ones((2, 3))), net.predict(np.ones((2, 3))))
