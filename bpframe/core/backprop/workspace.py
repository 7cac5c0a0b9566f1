"""The arrays of one pass, by slot: private to whoever runs it, and used again by the next pass of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from bpframe.core.backprop.layout import laid_out
from bpframe.core.backprop.plan import Plan
from bpframe.core.backprop.steps import OUTSIDE, Called, Slots, Step
from bpframe.core.graph.parameters import ParameterVector
from bpframe.validation.plain_arrays import Array

__all__ = ["NodeState", "Workspace", "locked", "read_only"]

NodeState = Mapping[str, Array]


def read_only(array: Array) -> Array:
    """Return a view that cannot be written: what a component is handed belongs to others."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def locked(array: Array) -> Array:
    """Return a view that cannot be written, nor made to be."""
    buffer: Any = array
    return np.asarray(memoryview(buffer).toreadonly())


class Workspace:
    """Slots for one batch size: inputs, values, parameters, state, buffers, and where gradients go.

    `parameters`, `frozen` and `gradient` are read and written where they are; `state` is replaced, not written into.
    What components are handed is read-only, except for `out` and their own `saved`. `checked` says that a whole pass
    was held against what the components declare; `keeps_values` that nodes' values stay until the next pass.
    `errors` are for walks back to write into again.
    """

    def __init__(
        self,
        plan: Plan,
        batch: int,
        parameters: ParameterVector,
        frozen: ParameterVector,
        state: Mapping[str, NodeState],
        generator: Callable[[str], np.random.Generator],
        gradient: ParameterVector | None = None,
    ) -> None:
        self.plan = plan
        self.batch = batch
        self.parameters = parameters
        self.frozen = frozen
        self.dtype = parameters.vector.dtype
        self.checked = False
        self.keeps_values = True
        self._generator = generator
        self.errors: dict[tuple[int, tuple[int, ...], np.dtype[Any]], Array] = {}
        self.slots: Slots = [None] * plan.size
        self.slots[OUTSIDE] = False
        views = {path: locked(view) for path, view in (*parameters.views.items(), *frozen.views.items())}
        for step in plan.steps:
            node = step.node
            named = {name: views[node.parameter_path(name)] for name in node.parameters}
            self.slots[step.parameter_slot] = MappingProxyType(named)
            self.slots[step.state_slot] = _handed_state(state.get(node.name, {}))
            if step.generator_slot is not None:
                self.slots[step.generator_slot] = generator(node.name)
        self.make_buffers()
        if gradient is not None:
            for path, slot in plan.gradient_slots.items():
                self.slots[slot] = gradient.views[path]

    def empty(self, shape: tuple[int, ...]) -> Array:
        """Return a new array for a value of this feature shape."""
        return np.empty((self.batch, *shape), self.dtype)

    def make_buffers(self) -> None:
        """Make what components may write into as `out`, and what ∇_a C goes to."""
        self.keeps_values = True
        for step in self.plan.components:
            for slot in step.buffers:
                self.slots[slot] = self.empty(step.output_shape)

    def release(self) -> None:
        """Let go of the buffers: passes have memory of their own from now on, and keep no values."""
        self.keeps_values = False
        for step in self.plan.components:
            for slot in step.buffers:
                self.slots[slot] = None

    def again(self) -> Workspace:
        """Return a workspace that nothing has run in, with the inputs, targets, parameters and state of this one."""
        state = {name: self.slots[slot] for name, slot in self.plan.state_slots.items()}
        found = Workspace(self.plan, self.batch, self.parameters, self.frozen, state, self._generator)
        for slot in (*self.plan.input_slots.values(), *self.plan.target_slots.values()):
            found.slots[slot] = self.slots[slot]
        return found

    def hand_in_state(self, state: Mapping[str, NodeState]) -> None:
        """Begin the next pass with this state."""
        for name, slot in self.plan.state_slots.items():
            self.slots[slot] = _handed_state(state[name])

    def new_state(self) -> dict[str, NodeState]:
        """Return the state that the pass left, by node."""
        found: dict[str, NodeState] = {}
        for step in self.plan.steps:
            if step.node.state:
                new = step.new_state_slot
                slot = step.state_slot if new is None or not step.node.trainable else new
                # Copies: a component may have returned views of buffers that the next pass writes.
                found[step.node.name] = {name: np.array(array) for name, array in self.slots[slot].items()}
        return found

    def handed_to(self, step: Called) -> Slots:
        """Return the slots that a component's methods are called with.

        One whose code is not known to let go of what it is handed, and to leave it as it is, gets arrays of its own.
        """
        if step.why is None:
            return self.slots
        handed = self.slots.copy()
        for slot in step.read_slots:
            if handed[slot] is not None:
                handed[slot] = locked(handed[slot].copy())
        for buffer in step.buffers:
            handed[buffer] = self.empty(step.output_shape)
        for slot in step.mapping_slots:
            # `np.add.at` writes into arrays of one axis although they are read-only.
            mapping = {name: array.copy() if array.ndim < 2 else array for name, array in handed[slot].items()}
            handed[slot] = _handed_state(mapping)
        return handed

    def put_value(self, step: Step, value: Array, into: Array | None = None) -> None:
        """Take a node's value, which from here on nobody writes: a copy of what a component may have kept.

        It is written into an array where one is given.
        """
        if into is None:
            into = laid_out(value) if step.why is None else np.array(value, order="C")
        elif value is not into:
            np.copyto(into, value)
        self.slots[step.slot] = read_only(into)


def _handed_state(state: NodeState) -> NodeState:
    return MappingProxyType({name: read_only(array) for name, array in state.items()})
