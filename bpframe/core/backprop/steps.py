"""What a plan consists of: for every node, and for every cost, what is called and where its arguments are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bpframe.core.component import Cost
from bpframe.core.graph.graph import Node, Shape

__all__ = [
    "OUTSIDE",
    "TRAINING",
    "BackwardStep",
    "Call",
    "Called",
    "CostStep",
    "Reads",
    "Slots",
    "Step",
    "Understanding",
]

Slots = list[Any]
Reads = tuple[tuple[Mapping[str, Any], str, Any], ...]

#: The slot of the flag that says whether this pass is part of training.
TRAINING = 0

#: The slot of what nodes outside training are told in its place: False in every pass.
OUTSIDE = 1


@dataclass(frozen=True, slots=True)
class Call:
    """A component's method together with the slots of the arguments that it asks for; None where it reads them all.

    `words` are the arguments' names, in the same order.
    """

    function: Callable[..., Any]
    slots: tuple[int, ...] | None
    arguments: Callable[[Slots], tuple[Any, ...]]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Understanding:
    """What is known of methods' code: `why` they have to be called (None: they are understood), and what they read.

    `reads` are, by method, (namespace, name, object): module variables, attributes of classes and fields, where
    `namespace.get(name)` has to be this object still in every pass that repeats the method; None where there was
    nothing of the name: what stands there later hides what was read. Those of one namespace stand together.
    """

    why: str | None
    reads: Mapping[str, Reads]

    def reads_of(self, *methods: str) -> Reads:
        """Return what these methods read; nothing where one is called, or nobody asked."""
        return tuple(each for method in methods for each in self.reads.get(method, ()))


@dataclass(slots=True, eq=False, kw_only=True)
class Called:
    """A component in a pass: what is called, and where the arrays are that its methods take.

    `key` stands for it among the nodes and costs of a plan, and `where` is what messages call it. `why` says why its
    methods are not known to do nothing else than compute from their arguments; it is None where they are. Methods read
    what is in `read_slots`, in `mapping_slots` by name, and may write into `buffers`.
    """

    key: str
    where: str
    why: str | None
    understood: Understanding
    output_shape: Shape
    forward: Call
    jacobian: Call
    saved_slot: int | None
    read_slots: tuple[int, ...]
    mapping_slots: tuple[int, ...]
    buffers: tuple[int, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Step(Called):
    """One node: where its value goes, how to compute it and its local Jacobian."""

    node: Node
    shapes: dict[str, Shape]
    only_key: str | None  # the one key of a Jacobian that is returned as an operator alone
    slot: int
    second_order: Call | None  # of a layer, or an activation's second_derivative
    cotangent_slot: int  # where second_order finds u
    input_slots: tuple[int, ...]
    parameter_slot: int
    state_slot: int
    new_state_slot: int | None
    generator_slot: int | None
    output_buffer: int | None
    scratch_buffer: int | None


@dataclass(slots=True, eq=False, kw_only=True)
class CostStep(Called):
    """The cost of one output: C, ∇_a C and, where it is declared, ∂²C/∂a².

    `given` says which arrays of the targets go into which slots: the target, and the weights and mask that are asked
    for. The factors of the examples are in `factor_slot`, None where all count alike.
    """

    output: str
    cost: Cost
    hessian: Call | None
    value_slot: int
    given: tuple[tuple[str, int], ...]
    factor_slot: int
    buffer_slot: int


@dataclass(frozen=True, slots=True)
class BackwardStep:
    """One node on the way back: the edges along which its error goes on, and its parameters.

    Both by key in the local Jacobian: with the slot of the value that the error reaches, or of the gradient. `shared`
    are the parameters to whose gradient other nodes add.
    """

    step: Step
    edges: tuple[tuple[str, int], ...]
    parameters: tuple[tuple[str, int], ...]
    shared: tuple[tuple[str, int], ...]
