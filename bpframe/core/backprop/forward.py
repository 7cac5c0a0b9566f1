"""The forward pass: z^l = w^l a^{l−1} + b^l, a^l = σ(z^l), or whatever the nodes compute."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.core.backprop.results import called, check_cost, check_state, check_value
from bpframe.core.backprop.steps import TRAINING
from bpframe.core.backprop.weights import factor_key, scaled
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.errors import ContractError
from bpframe.validation.plain_arrays import Array

__all__ = ["costs", "forward"]


def forward(workspace: Workspace, inputs: Mapping[str, Array], training: bool = False) -> None:
    """Run every node once, in order, and leave the values in the workspace: eq. (2), for any graph.

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
    for step in plan.steps:
        value = called(step, "forward", step.forward, workspace.handed_to(step))
        doubted = step.why is not None or not workspace.checked
        if step.new_state_slot is not None:
            if doubted:
                check_state(step.node, value, workspace.dtype)
            value, slots[step.new_state_slot] = value
        if doubted:
            check_value(step.node, value, workspace.batch, workspace.dtype)
        workspace.put_value(step, value)


def costs(workspace: Workspace, targets: Mapping[str, Array]) -> Array:
    """Return the cost of every example, (N,), times its factor, summed over the outputs that have one."""
    slots, total = workspace.slots, None
    for each in workspace.plan.costs:
        for key, slot in each.given:
            slots[slot] = read_only(targets[key])
        factor = slots[each.factor_slot] = targets.get(factor_key(each.output))
        value = called(each, "forward", each.forward, workspace.handed_to(each))
        if each.why is not None or not workspace.checked:
            check_cost(each, value, workspace.batch, workspace.dtype)
        if factor is not None:
            value = scaled(value, factor, 1.0)
        total = np.array(value) if total is None else total + value  # its own: a component may keep what it returns
    if total is None:
        raise ContractError("the network has no cost", hint="bp.Network(..., cost=QuadraticCost())")
    return total
