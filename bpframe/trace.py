"""The record of one forward pass: every array that a plan's slots hold."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bpframe.component import State
from bpframe.errors import ContractError, OperatorError, closest
from bpframe.graph import Graph, Node
from bpframe.operators import Operator, dense_operator
from bpframe.parameters import ParameterVector
from bpframe.plan import Plan, Step
from bpframe.returned import check_jacobian, failed, misfit

__all__ = ["Trace", "bound", "initial_state", "local_jacobian"]

Array = np.ndarray[Any, Any]
NodeState = Mapping[str, Array]


def initial_state(graph: Graph, dtype: Any) -> dict[str, NodeState]:
    """Return the state of every node that carries one, as it is before training."""

    def filled(state: State) -> Array:
        return np.full(state.shape, state.init, dtype)

    return {node.name: {name: filled(each) for name, each in node.state.items()} for node in graph.nodes if node.state}


class Trace:
    """One pass of a batch through a network: each node's value, and its local Jacobian when asked.

    `trace["dense_1"]` is a node's value, (N, *features); `trace.jacobian("dense_1")` maps the names of the node's
    inputs and parameters to operators. A trace that a network handed out keeps its arrays for good.

    `parameters` and `gradient` are read and written where they are; `state` is replaced, not written into.
    """

    def __init__(
        self,
        plan: Plan,
        batch: int,
        parameters: ParameterVector,
        state: Mapping[str, NodeState],
        generator: Callable[[str], np.random.Generator],
        gradient: ParameterVector | None = None,
    ) -> None:
        self.plan = plan
        self.batch = batch
        self.parameters = parameters
        self.dtype = parameters.vector.dtype
        self.checked = False
        self.keeps_values = True
        self._generator = generator
        self.slots: list[Any] = [None] * plan.size
        self._jacobians: dict[str, dict[str, Operator]] = {}
        for step in plan.steps:
            node = step.node
            self.slots[step.parameter_slot] = {
                name: parameters.views[node.parameter_path(name)] for name in node.parameters
            }
            self.slots[step.state_slot] = state.get(node.name, {})
            if step.generator_slot is not None:
                self.slots[step.generator_slot] = generator(node.name)
            for slot in (step.output_buffer, step.scratch_buffer):
                if slot is not None:
                    self.slots[slot] = self.empty(node.output_shape)
        for each in plan.costs:
            self.slots[each.buffer_slot] = self.empty(plan.graph.shapes[each.output])
        if gradient is not None:
            for path, slot in plan.gradient_slots.items():
                self.slots[slot] = gradient.views[path]

    def empty(self, shape: tuple[int, ...]) -> Array:
        """Return a new array for a value of this feature shape."""
        return np.empty((self.batch, *shape), self.dtype)

    def release(self) -> None:
        """Let go of the buffers: passes on this trace have memory of their own from now on, and keep no values."""
        self.keeps_values = False
        for step in self.plan.steps:
            for slot in (step.output_buffer, step.scratch_buffer):
                if slot is not None:
                    self.slots[slot] = None
        for each in self.plan.costs:
            self.slots[each.buffer_slot] = None

    def again(self) -> Trace:
        """Return a trace that nothing has run through, with the inputs, targets, parameters and state of this one."""
        state = {name: self.slots[slot] for name, slot in self.plan.state_slots.items()}
        found = Trace(self.plan, self.batch, self.parameters, state, self._generator)
        for slot in (*self.plan.input_slots.values(), *(each.target_slot for each in self.plan.costs)):
            found.slots[slot] = self.slots[slot]
        return found

    def __getitem__(self, name: str) -> Array:
        return self.slots[self.plan.value_slots[self._known(name)]]  # type: ignore[no-any-return]

    def begin(self) -> None:
        """Forget what was derived from the pass before: another begins."""
        if self._jacobians:
            self._jacobians = {}

    def jacobian(self, name: str) -> Mapping[str, Operator]:
        """Return the local Jacobians of a node by input and parameter name: ∂v/∂input, ∂v/∂θ."""
        node = self.plan.graph.by_name.get(self._known(name))
        if node is None:
            raise KeyError(f"'{name}' is an input: it has no local Jacobian")
        if name not in self._jacobians:
            step = self.plan.step_of[name]
            # Copies: a component may hand out one operator again and again, which the next call then binds anew.
            self._jacobians[name] = {key: copy.copy(each) for key, each in local_jacobian(self, step).items()}
        return self._jacobians[name]

    def new_state(self) -> dict[str, NodeState]:
        """Return the state that the pass left, by node."""
        found: dict[str, NodeState] = {}
        for step in self.plan.steps:
            if step.node.state:
                slot = step.state_slot if step.new_state_slot is None else step.new_state_slot
                # Copies: a component may have returned views of buffers that the next pass writes.
                found[step.node.name] = {name: array.copy() for name, array in self.slots[slot].items()}
        return found

    def _known(self, name: str) -> str:
        if name not in self.plan.value_slots:
            meant = closest(name, self.plan.value_slots)
            known = ", ".join(self.plan.value_slots)
            raise KeyError(f"no node '{name}'; " + (f"did you mean '{meant}'?" if meant else f"there are {known}"))
        return name


def local_jacobian(trace: Trace, step: Step) -> Mapping[str, Operator]:
    """Ask a component for its local Jacobian; return an operator, with its shapes bound, for every key."""
    try:
        raw = step.jacobian.function(*step.jacobian.arguments(trace.slots))
    except ContractError:
        raise
    except Exception as error:
        raise failed(step.node, "jacobian", error) from error
    if trace.checked:
        return bound(step, raw, trace.dtype)
    operators = _operators(step.node, raw, trace.dtype)
    check_jacobian(step.node, operators, trace.batch)
    return operators


def bound(step: Step, raw: Any, dtype: Any) -> Mapping[str, Operator]:
    """Return what a jacobian that was checked before returned as operators by key, with their shapes.

    After the first pass only what a component may do differently each time is left to do.
    """
    shapes, output_shape = step.shapes, step.output_shape
    try:
        if type(raw) is dict:
            for key, operator in raw.items():
                operator.bind(shapes[key], output_shape)
            return raw
        only = step.only_key
        if only is not None:
            return {only: raw.bind(shapes[only], output_shape)}
    except (AttributeError, KeyError):
        pass  # a plain array, or a key that names nothing
    return _operators(step.node, raw, dtype)


def _operators(node: Node, raw: Any, dtype: Any) -> dict[str, Operator]:
    """Turn whatever jacobian may return into bound operators by key."""
    given = _as_mapping(node, raw)
    if node.contract.variadic in given:
        sequence = given.pop(node.contract.variadic)
        listed = isinstance(sequence, list | tuple)
        if not listed or len(sequence) != len(node.input_keys):
            raise ContractError(
                f"{node.where}: jacobian['{node.contract.variadic}'] does not fit the inputs",
                expected=f"a list of {len(node.input_keys)} operators, one per input",
                received=f"{len(sequence)}" if listed else f"a {type(sequence).__name__}",
            )
        given = {**dict(zip(node.input_keys, sequence, strict=True)), **given}
    found: dict[str, Operator] = {}
    for key, each in given.items():
        if key not in node.slot_shapes:
            meant = closest(str(key), node.slot_shapes)
            raise ContractError(
                f"{node.where}: jacobian has a key {key!r}, which names nothing",
                expected=", ".join(node.slot_shapes),
                received=", ".join(map(str, given)),
                hint=f"did you mean '{meant}'?" if meant else None,
            )
        shape = node.slot_shapes[key]
        try:
            found[key] = (
                each.bind(shape, node.output_shape)
                if isinstance(each, Operator)
                else dense_operator(_in_dtype(each, dtype), shape, node.output_shape)
            )
        except OperatorError as error:
            raise misfit(node, key, error) from error
    return found


def _in_dtype(array: Any, dtype: Any) -> Any:
    """Return a Jacobian that was written out, in the network's dtype: `np.eye(n)` is float64 in any network."""
    kind = getattr(getattr(array, "dtype", None), "kind", "")
    return array.astype(dtype, copy=False) if kind and kind in "fiub" else array


def _as_mapping(node: Node, raw: Any) -> dict[str, Any]:
    """Put what jacobian returned under its keys: an operator alone, or a sequence for `*xs`."""
    if isinstance(raw, list | tuple) and node.contract.variadic is not None:
        return {node.contract.variadic: raw}
    if isinstance(raw, Mapping):
        return dict(raw)
    if len(node.input_keys) == 1 and not node.parameters and (isinstance(raw, Operator) or hasattr(raw, "shape")):
        return {node.input_keys[0]: raw}
    raise ContractError(
        f"{node.where}: jacobian returned a {type(raw).__name__}",
        expected="a mapping with " + ", ".join(node.slot_shapes),
        received=repr(raw)[:80],
    )
