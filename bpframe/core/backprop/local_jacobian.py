"""A node's local Jacobian: what a component returned, as an operator with its shapes for every input and parameter."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.core.backprop.outputs import joined
from bpframe.core.backprop.results import called, check_jacobian, grows_with_the_batch, instead, misfit, named
from bpframe.core.backprop.steps import Slots, Step
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.core.graph.graph import Node
from bpframe.core.operators import Operator, dense_operator
from bpframe.errors import BpframeError, ContractError, OperatorError, did_you_mean

__all__ = ["bound", "local_jacobian"]


def local_jacobian(workspace: Workspace, step: Step, slots: Slots | None = None) -> Mapping[str, Operator]:
    """Ask a component for its local Jacobian; return an operator, with its shapes bound, for every key.

    It is called with the arrays of the workspace, or with those in other `slots`.
    """
    raw = called(step, "jacobian", step.jacobian, workspace.handed_to(step) if slots is None else slots)
    if workspace.checked:
        return bound(step, raw, workspace.dtype)
    operators = _operators(step.node, raw, workspace.dtype)
    check_jacobian(step.node, operators, workspace.batch)
    _check_written_out(workspace, step, raw)
    return _own(step, operators)


def bound(step: Step, raw: Any, dtype: Any) -> Mapping[str, Operator]:
    """Return what a jacobian that was checked before returned as operators by key, with their shapes.

    After the first pass only what a component may do differently each time is left to do.
    """
    shapes, output_shape = step.shapes, step.output_shape
    if step.why is not None:
        return _own(step, _operators(step.node, raw, dtype))
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


def _own(step: Step, operators: Mapping[str, Operator]) -> Mapping[str, Operator]:
    """Return operators that a component cannot change later: of one that may keep them, or their arrays, copies."""
    own = step.why is None or step.node.contract.is_draft  # a draft's are measured, and nobody else's
    return operators if own else copy.deepcopy(dict(operators))


def _check_written_out(workspace: Workspace, step: Step, raw: Any) -> None:
    """Refuse a derivative entry by entry, (N, *features), where N is such that it passes for one written out.

    A Jacobian (*out, *in) that all examples share has one shape at every batch size, so the component is asked at
    another one wherever the two cannot be told apart.
    """
    node, batch = step.node, workspace.batch
    written = _as_mapping(node, raw)
    doubtful = [
        key
        for key, array in written.items()
        if key in node.slot_shapes
        and not isinstance(array, Operator)
        and getattr(array, "shape", None) == (*node.output_shape, *node.slot_shapes[key])
        and array.shape[:1] == (batch,)
    ]
    if not doubtful:
        return
    more = _one_example_more(workspace, step)
    for key in doubtful:
        if getattr(more.get(key), "shape", None) != written[key].shape:
            raise grows_with_the_batch(node, key, written[key].shape)


def _one_example_more(workspace: Workspace, step: Step) -> Mapping[str, Any]:
    """Return what jacobian returns for the same inputs and the first example a second time."""
    slots = workspace.slots.copy()
    for slot in step.input_slots:
        array = slots[slot]
        slots[slot] = read_only(array.take([*range(len(array)), 0], axis=0))
    if step.saved_slot is not None:
        slots[step.saved_slot] = {}
    if step.generator_slot is not None:
        slots[step.generator_slot] = copy.deepcopy(slots[step.generator_slot])
    for buffer in step.buffers:
        slots[buffer] = np.empty((workspace.batch + 1, *step.output_shape), workspace.dtype)
    try:
        value = step.forward.function(*step.forward.arguments(slots))
        slots[step.slot] = value[0] if step.new_state_slot is not None else value
        return _as_mapping(step.node, step.jacobian.function(*step.jacobian.arguments(slots)))
    except BpframeError:
        raise
    except Exception:
        return {}  # what works for one number of examples only grows with it


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
            raise ContractError(
                f"{node.where}: jacobian has a key {key!r}, which names nothing",
                expected=", ".join(node.slot_shapes),
                received=", ".join(map(str, given)),
                hint=did_you_mean(key, node.slot_shapes),
            )
        if node.outputs and isinstance(each, list | tuple):
            found[key] = joined(node, key, each, dtype)
            continue
        _require_operator(node, f"jacobian['{key}'] is", each)
        shape = node.slot_shapes[key]
        try:
            found[key] = (
                each.bind(shape, node.output_shape)
                if isinstance(each, Operator)
                else dense_operator(_in_dtype(each, dtype), shape, node.output_shape)
            )
        except OperatorError as error:
            raise misfit(f"{node.where}: jacobian['{key}']", error) from error
    return found


def _in_dtype(array: Any, dtype: Any) -> Any:
    """Return a Jacobian that was written out, in the network's dtype: `np.eye(n)` is float64 in any network."""
    kind = getattr(getattr(array, "dtype", None), "kind", "")
    return array.astype(dtype, copy=False) if kind and kind in "fiub" else array


def _as_mapping(node: Node, raw: Any) -> dict[str, Any]:
    """Put what jacobian returned under its keys: an operator alone, or a sequence for `*xs`."""
    if isinstance(raw, list | tuple) and node.contract.variadic is not None:
        return {node.contract.variadic: raw}
    if isinstance(raw, list | tuple) and node.outputs and len(node.slot_shapes) == 1:
        return {node.input_keys[0]: raw}
    if isinstance(raw, Mapping):
        return dict(raw)
    if len(node.input_keys) == 1 and not node.parameters and (isinstance(raw, Operator) or hasattr(raw, "shape")):
        return {node.input_keys[0]: raw}
    _require_operator(node, "jacobian returned", raw)
    raise ContractError(
        f"{node.where}: jacobian returned a {type(raw).__name__}",
        expected="a mapping with " + ", ".join(node.slot_shapes),
        received=repr(raw)[:80],
    )


def _require_operator(node: Node, what: str, value: Any) -> None:
    hint = instead(value, "operator")
    if hint is not None:
        raise ContractError(
            f"{node.where}: {what} {named(value)}",
            expected="an operator, such as Diagonal(...), or a mapping with " + ", ".join(node.slot_shapes),
            received=repr(value)[:80],
            hint=hint,
        )
