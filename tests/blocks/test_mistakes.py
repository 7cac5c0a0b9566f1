"""Mistakes in a block are told when its class is read, or when the network is built, with the place inside."""

from __future__ import annotations

from typing import ClassVar

import pytest
from bpframe_reference import Add, Dense, Sigmoid

import bpframe as bp
from bpframe.core.component import contract_of
from bpframe.errors import (
    ContractError,
    CycleError,
    DanglingInput,
    DuplicateNode,
    GraphError,
    ShapeMismatch,
    SpecError,
    UnreachableNode,
)
from bpframe.extend import Block, Layer
from tests.components.blocks import Projected, Residual, Sequence, Skip

node = bp.node
AT = r"layers\[1\] 'broken_1' \(broken\)"


def built(returned, shape=(3,), **fields):
    class Broken(Block):
        """Returns what a test wants."""

        def nodes(self, shape):
            return returned(shape) if callable(returned) else returned

    return bp.Network([Sigmoid(), Broken()], input_shape=shape, **fields)


def failing(shape):
    raise KeyError("no such thing")


WRONG = {
    "no mapping": ([Sigmoid()], ContractError, f"{AT}: nodes returned no mapping"),
    "nothing": (None, ContractError, f"{AT}: nodes returned no mapping"),
    "an empty mapping": ({}, ContractError, f"{AT}: nodes returned no node"),
    "a class": ({"a": Sigmoid}, ContractError, f"{AT} > 'a': nodes wants a layer, not the class Sigmoid"),
    "a number": ({"a": 1}, ContractError, f"{AT} > 'a': nodes wants a layer, not 1"),
    "a key that is no name": ({1: Sigmoid()}, ContractError, f"{AT}: nodes has a key that is no name"),
    "a key that names nothing": ({"a b": Sigmoid()}, ContractError, f"{AT} > 'a b': .*name"),
    "two names": ({"a": node(Sigmoid(), name="b")}, DuplicateNode, f"{AT} > 'a' is also named 'b'"),
    "a node named like an input": ({"x": Sigmoid()}, DuplicateNode, f"{AT} > 'x': the name 'x' is taken"),
    "a circle": (
        {"a": node(Add(), "x", "b"), "b": node(Sigmoid(), "a")}, CycleError, f"{AT}: the nodes feed one another",
    ),
    "a name from outside": (
        {"a": node(Sigmoid(), "sigmoid_1")}, DanglingInput, f"{AT} > 'a' reads from 'sigmoid_1', which does not exist",
    ),
    "a node that nothing reads": (
        {"a": Sigmoid(), "b": node(Sigmoid(), "x")}, UnreachableNode, f"{AT}: no output depends on 'a'",
    ),
    "an input short": (
        {"a": node(Projected(width=2), "x")}, GraphError, rf"{AT} > 'a' \(projected\) reads from 1 node",
    ),
    "a shape that does not fit": (
        {"a": Dense(units=2), "b": node(Add(), "x", "a")}, ShapeMismatch, rf"{AT} > 'b' \(add\) cannot take its input",
    ),
    "an owner that does not exist": (
        {"a": Dense(units=2), "b": node(Dense(units=2), share="c")}, DanglingInput, rf"{AT} > 'b' \(dense\) shares",
    ),
    "an error of its own": (failing, ContractError, f"{AT}: nodes failed: KeyError"),
    "a mistake two blocks deep": (
        {"a": Skip(inner=Dense(units=2))}, ShapeMismatch, rf"{AT} > 'a' \(skip\) > 'add' \(add\) cannot take its input",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_nodes_returns_is_checked_and_the_place_is_told(case) -> None:
    returned, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        built(returned)


def test_what_a_node_may_share_is_said_as_it_is_named_inside() -> None:
    with pytest.raises(DanglingInput) as caught:
        built({"a": Dense(units=3), "b": node(Dense(units=3), share="sigmoid_1")})
    assert (caught.value.expected, caught.value.hint) == ("one of a", None)


class Endless(Block):
    """Holds itself."""

    def nodes(self):
        return {"again": self, "and_again": Endless()}


def test_a_block_without_an_end_is_refused() -> None:
    with pytest.raises(GraphError, match="blocks stand in one another more than 32 deep") as caught:
        bp.Network([Endless()], input_shape=(3,))
    assert "does Endless.nodes return a Endless again" in str(caught.value)


def test_sharing_is_refused_where_the_nodes_are_others() -> None:
    def network(**fields):
        return bp.Network(
            [node(Sequence(body=(Dense(units=3),)), name="a"), node(Sequence(**fields), name="b", share="a")],
            input_shape=(3,),
        )  # fmt: skip

    with pytest.raises(ShapeMismatch, match=r"'b' \(sequence\) > 'dense_1' \(dense\) cannot share .* 'a.dense_1'"):
        network(body=(Dense(units=2),))
    with pytest.raises(DanglingInput, match=r"'b' \(sequence\) > 'dense_2' \(dense\) shares the parameters of"):
        network(body=(Dense(units=3), Dense(units=3)))
    with pytest.raises(GraphError, match="cannot share the parameters of 'a', whose nodes are others"):
        bp.Network(
            [node(Sequence(body=(Dense(units=3), Dense(units=3))), name="a"),
             node(Sequence(body=(Dense(units=3),)), name="b", share="a")], input_shape=(3,),
        )  # fmt: skip
    with pytest.raises(GraphError, match="cannot share the parameters of 'a'"):
        bp.Network([node(Residual(units=3), name="a"), node(Skip(inner=Sigmoid()), share="a")], input_shape=(3,))
    with pytest.raises(GraphError, match="which comes after it"):
        bp.Network([node(Residual(units=3), share="b"), node(Residual(units=3), name="b")], input_shape=(3,))


class Annotated(Block):
    """Inputs as a field."""

    units: int = 2

    inputs = ("a", "b")

    def nodes(self):
        return {"s": node(Add(), "a", "b")}


def test_inputs_need_no_annotation() -> None:
    assert contract_of(Annotated).inputs == ("a", "b")
    assert list(Annotated.model_fields) == ["units"]


class Unsaid(Block):
    """Declares nothing."""


class Forward(Block):
    """Declares what its nodes declare."""

    def nodes(self):
        return {"a": Sigmoid()}

    def forward(self, x):
        return x


class Node(Block):
    """A slip of the pen."""

    def node(self):
        return {"a": Sigmoid()}


class Words(Block):
    """Asks for what no shape tells."""

    def nodes(self, p):
        return {"a": Sigmoid()}


class OneName(Block):
    """Inputs that are no tuple."""

    inputs: ClassVar = "x"

    def nodes(self):
        return {"a": Sigmoid()}


class Twice(Block):
    """One name twice."""

    inputs: ClassVar = ("a", "a")

    def nodes(self):
        return {"s": Add()}


class Coupled(Block):
    """What only layers declare."""

    couples_batch: ClassVar[bool] = True

    def nodes(self):
        return {"a": Sigmoid()}


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Unsaid, "Unsaid has no nodes"),
        (Forward, "Forward declares forward, which is for its nodes to declare"),
        (Node, "Node.node is not a method of the contract"),
        (Words, "Words.nodes asks for 'p', which means nothing there"),
        (OneName, "OneName.inputs is no tuple of names"),
        (Twice, "Twice.inputs: 'a' cannot name an input"),
        (Coupled, "Coupled declares couples_batch"),
    ],
)
def test_a_class_that_is_no_block_is_refused_when_it_is_read(cls, message) -> None:
    with pytest.raises(ContractError, match=message):
        contract_of(cls)


class Two(Block):
    """Asks for the features of two inputs."""

    inputs: ClassVar = ("a", "b")

    def nodes(self, features):
        return {"s": node(Add(), "a", "b")}


def test_a_block_wants_its_inputs() -> None:
    with pytest.raises(GraphError, match=r"'projected_1' \(projected\) reads from 1 node"):
        bp.Network([Projected(width=2)], input_shape=(4, 3))
    with pytest.raises(ContractError, match="asks for 'features', but there are 2 inputs"):
        bp.Network(nodes={"t": node(Two(), "x", "y")}, inputs={"x": (3,), "y": (3,)}, output="t")


def test_a_field_of_layers_refuses_what_is_none() -> None:
    with pytest.raises(SpecError, match=r"inner"):
        Skip(inner=Sigmoid)
    with pytest.raises(SpecError, match=r"body\[1\]"):
        Sequence(body=(Sigmoid(), "sigmoid"))
    assert issubclass(Block, Layer)
