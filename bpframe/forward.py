"""The forward pass: z^l = w^l a^{l−1} + b^l, a^l = σ(z^l), or whatever the nodes compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.errors import ContractError, ShapeMismatch
from bpframe.returned import check_state, check_value, failed, in_dtype, instead
from bpframe.steps import TRAINING, CostStep
from bpframe.workspace import Workspace, read_only

__all__ = ["costs", "forward"]

Array = np.ndarray[Any, Any]


def forward(workspace: Workspace, inputs: Mapping[str, Array], training: bool = False) -> None:
    """Run every node once, in order, and leave the values in the workspace.

    `inputs` are arrays (N, *features) by name, of the workspace's batch size and dtype.

    Raises
    ------
    ContractError, ShapeMismatch
        A component failed, wrote into what it was handed, or returned another shape or dtype than it declares.

    """
    plan, slots = workspace.plan, workspace.slots
    for name, slot in plan.input_slots.items():
        slots[slot] = read_only(inputs[name])
    slots[TRAINING] = training
    for slot in plan.saved_slots:
        slots[slot] = {}
    checked = workspace.checked
    step, arguments = plan.steps[0], ()
    try:
        for step in plan.steps:
            call = step.forward
            arguments = call.arguments(workspace.handed_to(step))
            value = call.function(*arguments)
            if step.new_state_slot is not None:
                if not checked:
                    check_state(step.node, value, workspace.dtype)
                value, slots[step.new_state_slot] = value
            if not checked:
                check_value(step.node, value, workspace.batch, workspace.dtype)
            workspace.put_value(step, value)
    except (ContractError, ShapeMismatch) as error:
        if str(error.problem).startswith(step.node.place):
            raise
        raise failed(step.node.where, "forward", error, step.forward, arguments) from error
    except Exception as error:
        raise failed(step.node.where, "forward", error, step.forward, arguments) from error


def costs(workspace: Workspace, targets: Mapping[str, Array]) -> Array:
    """Return the cost of every example, (N,), summed over the outputs that have one."""
    slots, total = workspace.slots, None
    for each in workspace.plan.costs:
        slots[each.target_slot] = read_only(targets[each.output])
        arguments = each.forward.arguments(workspace.handed_to(each))
        try:
            value = each.forward.function(*arguments)
        except Exception as error:
            raise failed(each.where, "forward", error, each.forward, arguments) from error
        if not workspace.checked:
            _check_cost(each, value, workspace)
        total = np.array(value) if total is None else total + value  # its own: a component may keep what it returns
    if total is None:
        raise ContractError("the network has no cost", hint="bp.Network(..., cost=QuadraticCost())")
    return total


def _check_cost(each: CostStep, value: Any, workspace: Workspace) -> None:
    expected, dtype = (workspace.batch,), workspace.dtype
    if np.shape(value) == expected and getattr(value, "dtype", None) == dtype:
        return
    hint = instead(value, "array")
    if hint is None and np.shape(value) == expected:
        hint = in_dtype(each.cost, "a", dtype)
    raise ContractError(
        f"{each.where}: forward must return one number per example",
        expected=f"shape {expected}, {dtype}",
        received=f"shape {np.shape(value)}, {getattr(value, 'dtype', type(value).__name__)}",
        hint=hint or "sum over every axis but the first: .reshape(len(a), -1).sum(axis=1)",
    )
