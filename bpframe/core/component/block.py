"""Blocks: layers that are made of other nodes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import ClassVar

from bpframe.core.component.base import Component, category_base
from bpframe.core.component.category import Contract, Method
from bpframe.core.component.layer import SHAPE, Layer
from bpframe.errors import ContractError

__all__ = ["Block"]


#: What a layer declares, and a block's nodes declare for it.
_OF_LAYERS = (
    "forward", "jacobian", "output_shape", "parameters", "initial_state", "second_order", "second_derivative",
    "input_domain", "domain", "integer_inputs", "outputs", "draft", "couples_batch", "pure",
)  # fmt: skip


def _check_block(cls: type[Component], contract: Contract) -> None:
    """Hold a block to inputs that are names, and to what only its nodes declare. Errors: ContractError."""
    names = contract.inputs
    if not (isinstance(names, tuple) and names and all(isinstance(each, str) for each in names)):
        raise ContractError(f"{cls.__name__}.inputs is no tuple of names", expected='("x",)', received=repr(names))
    for name in names:
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) or names.count(name) > 1:
            raise ContractError(
                f"{cls.__name__}.inputs: '{name}' cannot name an input",
                expected="letters, digits and _, each name once",
                received=repr(names),
            )
    for ancestor in cls.__mro__[: cls.__mro__.index(category_base(cls))]:
        for name in filter(ancestor.__dict__.__contains__, _OF_LAYERS):
            raise ContractError(
                f"{cls.__name__} declares {name}, which is for its nodes to declare",
                expected="nodes(self, ...) alone",
                hint="make it a Layer, or begin the name with _ if it is your own",
            )


_BLOCK = replace(
    Layer._category,
    name="block",
    example="Residual(units=30)",
    written="{kind: residual, units: 30}",
    methods={"nodes": Method(SHAPE, required=True)},
    declare="nodes returns a mapping: {'dense_1': Dense(units=self.units), 'sigmoid_1': Sigmoid()}",
    keeping="keep it in a variable of the method",
    checks=(_check_block,),
)


class Block(Layer, category=_BLOCK):
    """A layer that is made of nodes: it stands wherever a layer may, and the nodes take its place in the graph.

    A subclass declares one method, and its inputs where they are not the only one, `x`.

    `nodes(self, ...)`
        Returns a mapping from names to layers, activations, blocks or `node(...)`, in order. They read from one another
        and from the block's inputs, by name; without inputs a node reads from the one before it, and the first from the
        block's first input. The last node is the output. It may ask for `shape`, `shapes` and `features`, as a layer's
        `parameters` does.

    Each node becomes one of the network's, named behind the block: the node `dense_1` of `residual_1` is
    `residual_1.dense_1`, and has the parameter `residual_1.dense_1.w`. Outside, the block's name stands for its output.
    So all derivatives are those of the same nodes written out: a block declares neither forward nor jacobian, nor a
    second order.

    Fields may hold components: `body: tuple[Layer, ...]` takes a list of layers and blocks, in a spec file too.

    Errors: ContractError for a method that is none of a block's, and for what `nodes` returned that is no mapping of
    layers; GraphError for nodes in a circle, a name that does not exist, a node or an input that nothing uses.
    """

    #: The names of what the block reads from, in order.
    inputs: ClassVar[tuple[str, ...]] = ("x",)
