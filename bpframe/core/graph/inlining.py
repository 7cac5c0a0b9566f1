"""From a block in its place to the nodes that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpframe.core.component import Block, Layer
from bpframe.core.component.base import no_instance
from bpframe.core.graph.asking import ask_shape
from bpframe.core.graph.description import NodeSpec, node
from bpframe.core.graph.graph import Shape
from bpframe.core.graph.wiring import Level
from bpframe.errors import BpframeError, ContractError, DuplicateNode, GraphError
from bpframe.validation.mistakes import shortened

__all__ = ["level_of"]

#: How deep blocks may stand in one another: one whose nodes hold a block of its own kind may never end.
DEEPEST = 32


def level_of(
    block: Block, path: str, outer: Level, index: int, shapes: tuple[Shape, ...], read_from: str, shared: str | None
) -> Level:
    """Return the nodes of a block that stands in `outer`, named and with their sources, for inputs of these shapes.

    Errors: ContractError for what `nodes` returned, GraphError for blocks in one another without an end.
    """
    where, depth = outer.where(index), outer.depth + 1
    if depth > DEEPEST:
        problem, name = f"{where}: blocks stand in one another more than {DEEPEST} deep", type(block).__name__
        hint = f"does {name}.nodes return a {name} again, without a smaller field?"
        raise GraphError(problem, expected="a block whose nodes come to an end", hint=hint)
    returned = ask_shape(block, "nodes", shapes, where, read_from, default=None)
    expected = "a mapping from names to layers, blocks or node(...)"
    if not isinstance(returned, Mapping) or not returned:
        problem = "no node" if isinstance(returned, Mapping) else "no mapping"
        hint = "{'dense_1': Dense(units=30), 'sigmoid_1': Sigmoid()}"
        received = shortened(returned)
        raise ContractError(f"{where}: nodes returned {problem}", expected=expected, received=received, hint=hint)
    nodes: list[NodeSpec] = []
    before = block.inputs[0]
    for name, each in returned.items():
        nodes.append(_named(name, each, before, where, expected))
        before = name
    trainable = outer.trainable and outer.nodes[index].trainable
    places = tuple(f"{where} > '{each.name}'" for each in nodes)
    return Level(tuple(nodes), block.inputs, (before,), places, f"{path}.", f"{where}: ", shared, trainable, depth)


def _named(name: Any, given: Any, before: str, where: str, expected: str) -> NodeSpec:
    """Return a node under the name that it has in the block, reading from the one before unless it says otherwise."""
    if not isinstance(name, str):
        raise ContractError(f"{where}: nodes has a key that is no name", expected=expected, received=repr(name))
    place = f"{where} > '{name}'"
    if not isinstance(given, Layer | NodeSpec):
        wrong = no_instance(Layer, given, f"{place}: nodes")
        raise ContractError(wrong.problem, expected=expected, received=wrong.received, hint=wrong.hint)
    each = given if isinstance(given, NodeSpec) else node(given)
    if each.name not in (None, name):
        raise DuplicateNode(f"{place} is also named '{each.name}'", hint="leave name= out")
    try:
        return NodeSpec(**{**dict(each), "name": name, "inputs": each.inputs or (before,)})
    except BpframeError as error:
        raise ContractError(f"{place}: {error.problem}", expected=error.expected, received=error.received) from error
