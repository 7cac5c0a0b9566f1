"""Mistakes in a network's description are told before any array exists, and the message names the place."""

from __future__ import annotations

import pytest
from bpframe_reference import Add, Dense, GradientDescent, Identity, QuadraticCost, Sigmoid

import bpframe as bp
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
from bpframe.extend import Activation

from .networks import chain, samples

D, C = Dense(units=2), QuadraticCost()
node = bp.node


def layers(*given, **fields):
    return lambda: bp.Network(list(given), **{"input_shape": (3,), **fields})


def nodes(inputs=("x",), output=None, cost=None, **given):
    return lambda: bp.Network(inputs=dict.fromkeys(inputs, (3,)), nodes=given, output=output, cost=cost)


MISTAKES = {
    "a circle of two": (
        nodes(a=node(Add(), "x", "b"), b=node(Identity(), "a"), output="b"),
        CycleError,
        ["a -> b -> a"],
    ),
    "a circle of three, in the order of the edges": (
        nodes(c=node(Identity(), "b"), b=node(Identity(), "a"), a=node(Add(), "x", "c"), output="c"),
        CycleError,
        ["a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"],
    ),
    "a circle where no output is named": (
        nodes(a=node(Add(), "x", "b"), b=node(Identity(), "a")),
        CycleError,
        ["a -> b -> a", "b -> a -> b"],
    ),
    "a node that reads from itself": (nodes(a=node(Add(), "x", "a"), output="a"), CycleError, ["a -> a"]),
    "a source that does not exist": (
        nodes(hidden=node(D, "x"), head=node(D, "hiden")),
        DanglingInput,
        ["node 'head' reads from 'hiden', which does not exist", "did you mean 'hidden'?", "one of x, hidden, head"],
    ),
    "a source that is like nothing": (
        layers(node(D, "zzz")), DanglingInput, ["node 'dense_1'", "'zzz'", "one of x, dense_1"],
    ),
    "an output that does not exist": (
        nodes(hidden=node(D, "x"), output="hiden"),
        DanglingInput,
        ["the output 'hiden' does not exist", "did you mean 'hidden'?"],
    ),
    "an owner of parameters that does not exist": (
        layers(D, node(D, share="dens_1")),
        DanglingInput,
        ["layers[1] 'dense_2' (dense) shares the parameters of 'dens_1'", "did you mean 'dense_1'?"],
    ),
    "two nodes of one name": (
        layers(node(D, name="a"), node(D, name="a")), DuplicateNode, ["'a' is taken", "layers[0] 'a'", "a_2"],
    ),
    "a node named like an input": (
        layers(node(D, name="x")), DuplicateNode, ["the name 'x' is taken", "already an input"],
    ),
    "a node with two names": (
        nodes(a=node(D, "x", name="b")), DuplicateNode, ["node 'a' is also named 'b'", "leave name= out"],
    ),
    "a node that no output needs": (
        nodes(a=node(D, "x"), b=node(D, "x"), output="a"),
        UnreachableNode,
        ["no output depends on 'b'", "lead to an output: a"],
    ),
    "an input that no output needs": (
        nodes(inputs=("x", "unused"), a=node(D, "x")), UnreachableNode, ["no output depends on 'unused'"],
    ),
    "inputs of another shape than the component takes": (
        nodes(a=node(D, "x"), b=node(Add(), "a", "x")),
        ShapeMismatch,
        ["node 'b' (add) cannot take its input", "expected", "received", "(N, 2), (N, 3)"],
    ),
    "a layer of features without a feature axis": (
        layers(D, input_shape=()),
        ShapeMismatch,
        ["layers[0] 'dense_1' (dense)", "at least one feature axis", "'x' (N,)"],
    ),
    "sharing between different shapes": (
        layers(D, node(D, share="dense_1")),
        ShapeMismatch,
        ["layers[1] 'dense_2' (dense) cannot share the parameters of 'dense_1'", "(2, 3)", "(2, 2)"],
    ),
    "sharing between different kinds": (
        layers(D, node(Sigmoid(), share="dense_1")),
        GraphError,
        ["layers[1] 'sigmoid_1' (sigmoid) cannot share", "another sigmoid", "dense"],
    ),
    "sharing with and without a bias": (
        layers(Dense(units=3), node(Dense(units=3, bias=False), share="dense_1")), ShapeMismatch, ["'dense_2'", "'b'"],
    ),
    "sharing with oneself": (layers(node(D, name="a", share="a")), DanglingInput, ["shares the parameters of 'a'"]),
    "sharing with a later node": (
        layers(node(Dense(units=3), name="a", share="b"), node(Dense(units=3), name="b")),
        GraphError,
        ["layers[0] 'a'", "comes after it", "let 'b' share the parameters of 'a'"],
    ),
    "too many inputs": (
        nodes(a=node(D, "x"), b=node(D, "a", "x")), GraphError, ["node 'b' (dense) reads from 2 nodes", "1: a"],
    ),
    "several outputs with one cost": (
        nodes(a=node(D, "x"), b=node(D, "x"), output=["a", "b"], cost=C),
        GraphError,
        ["several outputs", "cost={'a': ..., 'b': ...}"],
    ),
    "a cost of what is no output": (
        nodes(a=node(D, "x"), b=node(D, "a"), cost={"a": C}), GraphError, ["cost names 'a', which is no output"],
    ),
    "an output named twice": (nodes(a=node(D, "x"), output=["a", "a"]), GraphError, ["named twice", "a, a"]),
    "no output among several ends": (
        nodes(a=node(D, "x"), b=node(D, "x")), GraphError, ["which node is its output", "a, b"],
    ),
    "an empty list of outputs": (nodes(a=node(D, "x"), output=[]), GraphError, ["no output"]),
    "a node that says nothing of its sources": (
        nodes(a=node(D)), GraphError, ["node 'a' does not say what it reads from", "node(Dense(...), 'x')"],
    ),
    "the first layer with several inputs": (
        lambda: bp.Network([D], inputs={"a": (3,), "b": (3,)}), GraphError, ["layers[0] 'dense_1'", "one of a, b"],
    ),
    "no layers": (layers(), GraphError, ["at least one node"]),
    "layers and nodes": (lambda: bp.Network([D], nodes={"a": D}, input_shape=(3,)), SpecError, ["layers or as nodes"]),
    "no input shape": (lambda: bp.Network([D]), SpecError, ["input_shape=", "neither"]),
    "two statements of the input shape": (
        lambda: bp.Network([D], input_shape=(3,), inputs={"x": (3,)}), SpecError, ["both"],
    ),
    "a class instead of a layer": (
        layers(Dense), SpecError, ["class Dense", "layers[0]", "Dense(units=30)", "Dense(units=...)"],
    ),
    "a class instead of a layer in a node": (
        nodes(a=Sigmoid), SpecError, ["class Sigmoid", "make an instance of it: Sigmoid()"],
    ),
    "a class instead of a cost": (layers(D, cost=QuadraticCost), SpecError, ["class QuadraticCost", "QuadraticCost()"]),
    "a class instead of a cost by output": (
        layers(node(D, name="a"), cost={"a": QuadraticCost}), SpecError, ["cost['a']", "class QuadraticCost"],
    ),
    "a cost among the layers": (layers(D, C), SpecError, ["QuadraticCost"]),
    "a word as the cost": (layers(D, cost="quadratic"), SpecError, ["cost= wants a cost"]),
    "a layer as the cost": (layers(D, cost=Sigmoid()), SpecError, ["cost= wants a cost", "Sigmoid"]),
    "a word instead of a layer": (layers("dense"), SpecError, ["'dense'", "Dense(units=30)"]),
    "one layer instead of a list": (lambda: bp.Network(D, input_shape=(3,)), SpecError, ["layers= wants a list"]),
    "nodes in a list": (lambda: bp.Network(nodes=[D], input_shape=(3,)), SpecError, ["nodes= wants a mapping"]),
    "inputs in a list": (lambda: bp.Network([D], inputs=["x"]), SpecError, ["inputs= wants a mapping"]),
    "a number as the output": (layers(D, output=3), SpecError, ["output= wants the name of a node", "3"]),
    "half precision": (layers(D, dtype="float16"), SpecError, ["network.dtype cannot be 'float16'", "float64"]),
    "a negative seed": (layers(D, seed=-1), SpecError, ["network.seed cannot be -1"]),
    "an input of no features": (layers(D, input_shape=(0,)), SpecError, ["network.inputs.x[0] cannot be 0"]),
    "a number as the input's shape": (layers(D, input_shape=64), SpecError, ["network.inputs.x cannot be 64"]),
    "an input of half a feature": (layers(D, input_shape=(2.5,)), SpecError, ["inputs", "2.5"]),
    "a name with a space": (lambda: node(D, name="a b"), SpecError, ["name", "'a b'", "begins with a letter"]),
    "a name that begins with a digit": (lambda: node(D, name="3d"), SpecError, ["name cannot be '3d'"]),
    "no units": (lambda: Dense(units=0), SpecError, ["Dense", "units", "0"]),
    "a field that is misspelt": (lambda: Dense(unit=3), SpecError, ["unit", "units"]),
    "a field by position": (lambda: Dense(3), SpecError, ["by name", "units="]),
    "a negative learning rate": (lambda: GradientDescent(learning_rate=-1), SpecError, ["learning_rate", "-1"]),
    "a learning rate of zero": (lambda: GradientDescent(learning_rate=0), SpecError, ["learning_rate", "0"]),
    "a learning rate that is NaN": (
        lambda: GradientDescent(learning_rate=float("nan")), SpecError, ["learning_rate", "nan"],
    ),
    "an infinite learning rate": (
        lambda: GradientDescent(learning_rate=float("inf")), SpecError, ["learning_rate", "inf"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("build", "kind", "parts"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_place(build, kind, parts):
    with pytest.raises(kind) as caught:
        build()
    message = str(caught.value)
    if kind is CycleError:  # a circle may be told from any of its nodes
        assert any(f": {part}\n" in message for part in parts), message
    else:
        assert [part for part in parts if part not in message] == [], message


FIT_MISTAKES = {
    "batch_size": (0, "batch_size"),
    "epochs": (0, "epochs"),
    "metrics": (["acuracy"], "accuracy"),
    "seed": (-3, "seed"),
    "shuffle": ("perhaps", "shuffle"),
    "optimizer": (GradientDescent, "GradientDescent"),
}


@pytest.mark.parametrize("field", FIT_MISTAKES)
def test_fit_refuses_a_wrong_field_before_anything_changes(field):
    net, (value, part) = chain(), FIT_MISTAKES[field]
    before = net.parameters.vector.copy()
    with pytest.raises(SpecError) as caught:
        net.fit(*samples(), **{"optimizer": GradientDescent(learning_rate=1.0), field: value})
    assert field in str(caught.value)
    assert part in str(caught.value)
    assert net.parameters.vector.tobytes() == before.tobytes()


def test_a_component_that_breaks_the_contract_is_refused_when_the_network_is_built():
    class NoJacobian(Activation):
        def forward(self, x):
            return x

    with pytest.raises(ContractError, match=r"NoJacobian has no jacobian"):
        bp.Network([NoJacobian()], input_shape=(3,))


def test_nodes_may_be_given_in_any_order():
    net = nodes(c=node(Identity(), "b"), b=node(D, "a"), a=node(Sigmoid(), "x"), output="c")()
    assert [each.name for each in net.graph.nodes] == ["a", "b", "c"]


def test_a_deep_network_is_looked_over_once_whether_it_is_a_list_of_layers(monkeypatch):
    from bpframe.core.graph.description import NetworkSpec

    asked = []
    is_chain = NetworkSpec.is_chain.fget
    monkeypatch.setattr(NetworkSpec, "is_chain", property(lambda spec: asked.append(1) or is_chain(spec)))
    bp.Network([D] * 50, input_shape=(2,))
    assert len(asked) == 1
