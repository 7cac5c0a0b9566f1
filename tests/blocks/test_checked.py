"""The conformance kit takes blocks: their nodes, and the network that they are together."""

from __future__ import annotations

import copy
import itertools
import pickle
import sys
from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Identity, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout
from bpframe_sequence import Embedding

import bpframe as bp
from bpframe.errors import ContractError
from bpframe.extend import Activation, Block, Diagonal, Layer, node
from bpframe.testing import check_component
from tests.components.blocks import Projected, Residual, Sequence, Skip
from tests.components.carrying import Carrying

RIGHT = {
    "residual": (Residual(units=4), [(3,)]),
    "residual along time": (Residual(units=2), [(2, 3)]),
    "attention": (Projected(width=2), [(3, 2), (2, 4)]),
    "nested": (Skip(inner=Sequence(body=(Dense(units=3), Sigmoid()), times=2)), [(3,)]),
    "state, and examples that are coupled": (Sequence(body=(Dense(units=3), BatchNorm())), [(3,)]),
    "state that is drawn": (Sequence(body=(Dense(units=3), Carrying())), [(3,)]),
    "random numbers": (Skip(inner=Dropout()), [(4,)]),
    "integers": (Sequence(body=(Embedding(size=5, units=2), Dense(units=2))), [(3,)]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_block_passes_with_nothing_skipped(name) -> None:
    component, shapes = RIGHT[name]
    report = check_component(component, shapes)
    assert report.ok, str(report)
    skipped = [outcome for outcome in report.outcomes if outcome.status == "skipped" and outcome.check != "extremes"]
    assert not skipped, skipped
    ran = {outcome.check.partition("[")[0] for outcome in report.outcomes}
    assert {"nodes", "inside", "gradient", "hessian", "round_trip", "schema", "pickle"} <= ran
    assert ("per_example" in ran) == (name != "random numbers")


class HalfSigmoid(Activation):
    """σ(x), whose derivative is half of what it should be."""

    def forward(self, x):
        return 1 / (1 + np.exp(-x))

    def jacobian(self, y):
        return Diagonal(0.5 * y * (1 - y))

    def second_derivative(self, y):
        return y * (1 - y) * (1 - 2 * y)


class WrongSecond(HalfSigmoid):
    """σ(x), whose second derivative is wrong alone."""

    def jacobian(self, y):
        return Diagonal(y * (1 - y))

    def second_derivative(self, y):
        return -2 * y * (1 - y)


def failed(component, shapes):
    report = check_component(component, shapes)
    return {outcome.check: outcome for outcome in report.outcomes if outcome.status == "failed"}


def test_a_wrong_jacobian_inside_is_told_with_its_node_and_diagnosis() -> None:
    found = failed(Skip(inner=Sequence(body=(Dense(units=3), HalfSigmoid()))), [(3,)])
    assert {"inside[inner.half_sigmoid_2]", "gradient"} <= set(found)
    assert "inside[inner.dense_1]" not in found
    told = found["inside[inner.half_sigmoid_2]"]
    assert "jacobian[x] of the node 'inner.half_sigmoid_2'" in told.message
    assert "factor" in told.diagnosis


def test_a_wrong_second_order_inside_is_seen() -> None:
    assert set(failed(Skip(inner=WrongSecond()), [(3,)])) == {"hessian"}


class Draft(Activation):
    """Declares no Jacobian yet."""

    draft: ClassVar[bool] = True

    def forward(self, x):
        return x * x


def test_a_draft_inside_is_refused_as_a_draft_is() -> None:
    told = failed(Skip(inner=Draft()), [(3,)])["inside[inner]"]
    assert told.message == "draft of the node 'inner': draft: declare jacobian"
    assert "diagonal" in str(told.rows).lower()


class Counting(Block):
    """Returns other nodes each time."""

    def nodes(self):
        return {f"sigmoid_{next(NUMBERS)}": Sigmoid()}


NUMBERS = itertools.count()


def test_nodes_that_change_from_call_to_call_are_told() -> None:
    assert "nodes returns other nodes" in failed(Counting(), [(3,)])["nodes"].message


class Tossing(Block):
    """y = x, or σ(x), as chance has it."""

    def nodes(self):
        return {"node": (Identity() if COIN.random() < 0.5 else Sigmoid())}


COIN = np.random.default_rng(3)


def test_nodes_that_are_tossed_are_told_every_time() -> None:
    assert all("nodes returns other nodes" in failed(Tossing(), [(3,)])["nodes"].message for _ in range(20))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
@pytest.mark.parametrize("open_axis", [False, True])
def test_a_copy_of_other_nodes_is_refused(again, open_axis, monkeypatch) -> None:
    shape = (None, 3) if open_axis else (3,)
    swapped = bp.Network([Reversing()], input_shape=shape)
    assert again(swapped).parameters.keys() == swapped.parameters.keys()
    monkeypatch.setattr(sys.modules[__name__], "ORDER", ["b", "a"])
    with pytest.raises(ContractError, match=r"had other nodes, first 'reversing_1\.a'"):
        again(swapped)


ORDER = ["a", "b"]


class Reversing(Block):
    """Two dense layers, in an order that is none of its fields: that of a set, say. Sizes agree, and names."""

    def nodes(self, features):
        layers = {name: node(Dense(units=features), "x") for name in ORDER}
        return layers | {"sum": node(Add(), "a", "b")}


class Fitting(Block):
    """Takes two features only."""

    def nodes(self, features):
        return {"dense": Dense(units=2), "add": node(Add(), "x", "dense")}


def test_a_block_that_does_not_take_the_shapes_is_told_at_construction() -> None:
    assert set(failed(Fitting(), [(3,)])) == {"construction"}
    assert "'add' (add)" in failed(Fitting(), [(3,)])["construction"].message
    assert not failed(Fitting(), [(2,)]).keys() - {"documented"}
    assert issubclass(Fitting, Layer)
