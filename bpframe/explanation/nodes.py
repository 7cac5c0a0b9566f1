"""The nodes of a network with the values and errors of one example, and the structure of their local Jacobians."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from bpframe.core.graph.graph import Node
from bpframe.core.operators import Operator
from bpframe.explanation.coarse import CoarseJacobian, coarse_of
from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.worked import Worked
from bpframe.validation.plain_arrays import Array

__all__ = ["ENTRIES", "ExplainedNode", "LocalJacobian", "entries_of", "explained_nodes"]

Role: TypeAlias = Literal["input", "affine", "activation", "other"]

#: Local Jacobians of more entries than this are described and not written out; so many of them are seen from afar.
ENTRIES, SEEN = 4096, 40


@dataclass(frozen=True, eq=False)
class LocalJacobian:
    """How fast a node's value changes with one of its inputs, or with one of its parameters.

    `of` is the name of that value or the parameter's path, `key` how the component calls it, `structure` what is known
    of its entries: a matrix, a diagonal, ... `shape` is (outputs, inputs), both in a row; `entries`, of that shape, is
    None where there are more than 4,096. `coarse` is then what can be seen of it from afar, for pictures, of the first
    such Jacobians.
    """

    key: str
    of: str
    kind: Literal["input", "parameter"]
    structure: str
    shape: tuple[int, int]
    entries: Array | None
    coarse: CoarseJacobian | None = None


@dataclass(frozen=True, eq=False)
class ExplainedNode:
    """An input or a node: its place in the graph, its value v, and its error ∂C/∂v; None for integers.

    `symbol` is what equations call its value, `layer` the tutorial's number where it has one. `block` is the block
    that the node came from.
    """

    name: str
    kind: str
    role: Role
    layer: int | None
    symbol: str
    reads: tuple[str, ...]
    shape: tuple[int, ...]
    value: Array
    error: Array | None
    jacobians: tuple[LocalJacobian, ...] = ()
    block: str | None = None


def explained_nodes(worked: Worked) -> tuple[ExplainedNode, ...]:
    """Return the inputs and nodes in an order in which each comes after all that it reads from."""
    graph, notation = worked.graph, worked.notation
    blocks = {name: block.name for block in graph.blocks.values() for name in block.nodes}
    found: list[ExplainedNode] = []
    seen = 0  # from afar
    for name, shape in graph.shapes.items():
        node = graph.by_name.get(name)
        layer = notation.layer_of(name)
        role: Role = "other"
        if node is None:
            role = "input"
        elif layer is not None:
            role = "affine" if layer.affine == name else "activation"
        symbol = notation.symbols[name]
        number = layer.number if layer is not None else symbol.layer
        jacobians = () if node is None else _jacobians(node, worked.jacobian(node), worked.trace.dtype, SEEN - seen)
        seen += sum(each.coarse is not None for each in jacobians)
        found.append(
            ExplainedNode(
                name=name,
                kind="input" if node is None else node.component.kind,
                role=role,
                layer=number,
                symbol=on_one_line(notation.value(name)),
                reads=() if node is None else node.sources,
                shape=shape,
                value=_kept(worked.value(name)),
                error=None if name in graph.integer_inputs else worked.errors[name],
                jacobians=jacobians,
                block=blocks.get(name),
            )
        )
    return tuple(found)


def _jacobians(node: Node, operators: Mapping[str, Operator], dtype: np.dtype, most: int) -> tuple[LocalJacobian, ...]:
    found: list[LocalJacobian] = []
    for key, operator in operators.items():
        parameter = key in node.parameters
        of = node.parameter_path(key) if parameter else node.sources[node.input_keys.index(key)]
        shape = math.prod(node.output_shape), math.prod(node.slot_shapes[key])
        kind: Literal["input", "parameter"] = "parameter" if parameter else "input"
        entries = entries_of(operator, *shape)
        coarse = None
        if entries is None and most > 0:
            coarse = coarse_of(operator, node.output_shape, shape[1], dtype)
            most -= coarse is not None
        found.append(LocalJacobian(key, of, kind, operator.structure, shape, entries, coarse))
    return tuple(found)


def entries_of(operator: Operator, outputs: int, inputs: int) -> Array | None:
    """Return a local Jacobian of one example written out, (outputs, inputs); None where it is too large."""
    if outputs * inputs > ENTRIES:
        return None
    dense = operator.joint_dense(1) if operator.couples_batch else operator.dense()
    return _kept(np.array(dense[:1] if not operator.couples_batch else dense).reshape(outputs, inputs))


def _kept(array: Array) -> Array:
    found = array.copy()
    found.flags.writeable = False
    return found
