"""What a plan consists of: for every node, and for every cost, what is called and where its arguments are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bpframe.core.component import Cost
from bpframe.core.graph.graph import Node, Shape

__all__ = ["TRAINING", "BackwardStep", "Call", "CostStep", "Reads", "Slots", "Step", "Understanding"]

Slots = list[Any]
Reads = tuple[tuple[Mapping[str, Any], str, Any], ...]

#: The slot of the flag that says whether this pass is part of training.
TRAINING = 0


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

    def reads_of(self, method: str) -> Reads:
        """Return what a method reads; nothing where it is called, or nobody asked."""
        return self.reads.get(method, ())


@dataclass(slots=True, eq=False)
class Step:
    """One node: where its value goes, how to compute it and its local Jacobian.

    `why` says why its methods are not known to do nothing else than compute from their arguments; it is None where they
    are. `reads` are the constants that forward and jacobian take from elsewhere: (namespace, name, object);
    `forward_reads` those of forward alone.
    """

    node: Node
    why: str | None
    reads: Reads
    forward_reads: Reads
    shapes: dict[str, Shape]
    output_shape: Shape
    only_key: str | None  # the one key of a Jacobian that is returned as an operator alone
    slot: int
    forward: Call
    jacobian: Call
    second_order: Call | None  # of a layer, or an activation's second_derivative
    cotangent_slot: int  # where second_order finds u
    input_slots: tuple[int, ...]
    parameter_slot: int
    state_slot: int
    new_state_slot: int | None
    saved_slot: int | None
    generator_slot: int | None
    output_buffer: int | None
    scratch_buffer: int | None

    @property
    def key(self) -> str:
        """What stands for it among the nodes and costs of a plan."""
        return self.node.name

    @property
    def where(self) -> str:
        """What messages call it."""
        return self.node.where

    @property
    def read_slots(self) -> tuple[int, ...]:
        """Where the arrays are that its methods read: its inputs, and its value once there is one."""
        return (*self.input_slots, self.slot)

    @property
    def mapping_slots(self) -> tuple[int, ...]:
        """Where its parameters and its state are, by name."""
        return self.parameter_slot, self.state_slot

    @property
    def buffers(self) -> tuple[int, ...]:
        """Where the arrays are that its methods may write into."""
        return tuple(slot for slot in (self.output_buffer, self.scratch_buffer) if slot is not None)


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


@dataclass(slots=True, eq=False)
class CostStep:
    """The cost of one output: C, ∇_a C and, where it is declared, ∂²C/∂a²."""

    output: str
    output_shape: Shape
    cost: Cost
    why: str | None
    reads: Reads
    forward_reads: Reads
    forward: Call
    jacobian: Call
    hessian: Call | None
    value_slot: int
    target_slot: int
    saved_slot: int | None
    buffer_slot: int

    @property
    def key(self) -> str:
        """What stands for it among the nodes and costs of a plan."""
        return f"cost of {self.output}"

    @property
    def read_slots(self) -> tuple[int, ...]:
        """Where the arrays are that its methods read: the output and its target."""
        return self.value_slot, self.target_slot

    @property
    def mapping_slots(self) -> tuple[int, ...]:
        """A cost has neither parameters nor state."""
        return ()

    @property
    def buffers(self) -> tuple[int, ...]:
        """Where the array is that its methods may write into."""
        return (self.buffer_slot,)

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"the cost of '{self.output}' ({self.cost.kind})"
