"""A network as checked nodes and edges: order, shapes, sharing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from bpframe.core.component import Block, Contract, Cost, Layer, Parameter, Penalty, State, contract_of
from bpframe.core.component.domain import integers_of
from bpframe.core.graph.outputs import Part
from bpframe.core.operators import Operator
from bpframe.errors import ContractError
from bpframe.validation.aliases import Aliased
from bpframe.validation.intervals import Interval
from bpframe.validation.open_shapes import batched

__all__ = ["Graph", "InlinedBlock", "Node", "Shape", "asked_words", "batched"]

Shape = tuple[int, ...]
V = TypeVar("V")


@dataclass(frozen=True)
class InlinedBlock:
    """A block in its place: what it reads, the nodes of the graph that it became, and which of them is its output.

    `owner` is the block whose parameters its nodes use: itself, unless they are shared.
    """

    name: str
    place: str
    component: Block
    sources: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    nodes: tuple[str, ...]
    output: str
    owner: str


@dataclass(frozen=True)
class Node:
    """A component in its place: what it reads, the shapes around it, its parameters and state.

    Of several `outputs`, by name, the value is all entries in a row, and nodes that read from it are its parts. Of
    `parameters`, those in `frozen` are not trained. A node that is not `trainable` is outside training: it computes
    as in an evaluation, and its state stays.
    """

    name: str
    place: str
    component: Layer
    contract: Contract
    sources: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parameters: Mapping[str, Parameter]
    owner: str
    state: Mapping[str, State]
    outputs: Mapping[str, Part] = field(default_factory=dict)
    trainable: bool = True
    frozen: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        """How messages name the node and what it is: `layers[3] 'head' (dense)`."""
        return f"{self.place} ({self.component.kind})"

    @cached_property
    def input_keys(self) -> tuple[str, ...]:
        """The key of each input in the local Jacobian: forward's argument names, or `xs[0]`, `xs[1]`, ..."""
        if self.contract.inputs is not None:
            return self.contract.inputs
        return tuple(f"{self.contract.variadic}[{i}]" for i in range(len(self.sources)))

    @cached_property
    def slot_shapes(self) -> dict[str, Shape]:
        """The feature shape of every input and parameter, by its key in the local Jacobian."""
        shapes = dict(zip(self.input_keys, self.input_shapes, strict=True))
        return shapes | {name: parameter.shape for name, parameter in self.parameters.items()}

    @cached_property
    def placements(self) -> tuple[Operator, ...]:
        """The operators that put the entries of each output into their places of the value."""
        return tuple(part.placed(*self.output_shape) for part in self.outputs.values())

    @cached_property
    def trained(self) -> tuple[str, ...]:
        """The names of the parameters that are trained."""
        return tuple(name for name in self.parameters if name not in self.frozen)

    def parameter_path(self, name: str) -> str:
        """Return where a parameter lives: `dense_1.w`, under the node that owns it."""
        return f"{self.owner}.{name}"


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which each comes after all that it reads from.

    A shape has None for the length of an open axis.

    `integer_domains` holds of each input that is read as integers the values that its readers take: low <= n < high.
    `weight_shapes` are those of outputs whose cost asks for `weight` or `mask`; `penalties` are pairs of a trained
    parameter's path and what it costs by itself.
    Of each block, `blocks` tells which nodes it became, inner blocks before those that hold them. Its name is no
    value's: `value_of` tells which one it stands for. That of a node with several outputs stands for the first.
    """

    inputs: Mapping[str, Shape]
    integer_domains: Mapping[str, Interval]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    cost: Mapping[str, Cost]
    target_shapes: Mapping[str, Shape]
    weight_shapes: Mapping[str, Shape]
    blocks: dict[str, InlinedBlock] = field(default_factory=dict)
    penalties: tuple[tuple[str, Penalty], ...] = ()

    def value_of(self, name: str) -> str:
        """Return the value that a name stands for: a block's output, the first of a node's several outputs."""
        return self._values.get(name, name)

    def named(self, found: Mapping[str, V]) -> Aliased[V]:
        """Return what is known of values such that `[name]` finds it by the names of blocks too."""
        return Aliased(found, self._values)

    @cached_property
    def _values(self) -> dict[str, str]:
        first = {node.name: f"{node.name}.{next(iter(node.outputs))}" for node in self.nodes if node.outputs}
        return first | {name: block.output for name, block in self.blocks.items()}

    @cached_property
    def integer_inputs(self) -> frozenset[str]:
        """The inputs that are read as integers."""
        return frozenset(self.integer_domains)

    @cached_property
    def integer_targets(self) -> dict[str, Interval]:
        """Of each output whose cost wants integers as targets, the values that it takes: low <= n < high."""
        for output, cost in self.cost.items():
            if not isinstance(cost.integer_targets, bool):
                problem = f"the cost of '{output}' ({cost.kind}): integer_targets says neither True nor False"
                hint = "integer_targets: ClassVar[bool] = True; or a property, where a field decides"
                raise ContractError(problem, expected="True or False", received=repr(cost.integer_targets), hint=hint)
        return {
            output: integers_of(cost, "y", ("a", "y")) for output, cost in self.cost.items() if cost.integer_targets
        }

    @cached_property
    def weight_words(self) -> dict[str, tuple[str, ...]]:
        """Which of `weight` and `mask` each output's cost asks for."""
        return {output: asked_words(cost) for output, cost in self.cost.items()}

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Every node by its name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The feature shape of every value: inputs, then nodes."""
        return {**self.inputs, **{node.name: node.output_shape for node in self.nodes}}

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter that is trained once, by its path, in the order of the nodes that own them."""
        return {
            path: parameter for path, parameter in self.all_parameters.items() if path not in self.frozen_parameters
        }

    @cached_property
    def frozen_parameters(self) -> dict[str, Parameter]:
        """Every parameter that is frozen once, by its path."""
        frozen = {node.parameter_path(name) for node in self.nodes for name in node.frozen}
        return {path: parameter for path, parameter in self.all_parameters.items() if path in frozen}

    @cached_property
    def all_parameters(self) -> dict[str, Parameter]:
        """Every parameter once, trained or frozen, by its path, in the order of the nodes that own them."""
        return {
            node.parameter_path(name): parameter
            for node in self.nodes
            if node.owner == node.name
            for name, parameter in node.parameters.items()
        }


def asked_words(cost: Cost) -> tuple[str, ...]:
    """Return which of the words `weight` and `mask` a cost's methods ask for."""
    return tuple(filter(contract_of(type(cost)).asks_for, ("weight", "mask")))
