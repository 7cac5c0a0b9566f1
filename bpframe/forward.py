"""The forward pass: z^l = w^l a^{l−1} + b^l, a^l = σ(z^l), or whatever the nodes compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.errors import ContractError, ShapeMismatch
from bpframe.plan import TRAINING
from bpframe.returned import check_state, check_value, failed, failed_at
from bpframe.trace import Trace

__all__ = ["costs", "forward"]

Array = np.ndarray[Any, Any]


def forward(trace: Trace, inputs: Mapping[str, Array], training: bool = False) -> None:
    """Run every node once, in order, and leave the values in the trace.

    `inputs` are arrays (N, *features) by name, of the trace's batch size and dtype.

    Raises
    ------
    ContractError, ShapeMismatch
        A component failed, or returned another shape or dtype than it declares.

    """
    plan, slots = trace.plan, trace.slots
    trace.begin()
    for name, slot in plan.input_slots.items():
        slots[slot] = inputs[name]
    slots[TRAINING] = training
    for slot in plan.saved_slots:
        slots[slot] = {}
    checked = trace.checked
    step = plan.steps[0]
    try:
        for step in plan.steps:
            call = step.forward
            value = call.function(*call.arguments(slots))
            if step.new_state_slot is not None:
                if not checked:
                    check_state(step.node, value, trace.dtype)
                value, slots[step.new_state_slot] = value
            if not checked:
                check_value(step.node, value, trace.batch, trace.dtype)
            slots[step.slot] = value
    except (ContractError, ShapeMismatch) as error:
        if str(error.problem).startswith(step.node.place):
            raise
        raise failed(step.node, "forward", error) from error
    except Exception as error:
        raise failed(step.node, "forward", error) from error


def costs(trace: Trace, targets: Mapping[str, Array]) -> Array:
    """Return the cost of every example, (N,), summed over the outputs that have one."""
    slots, total = trace.slots, None
    for each in trace.plan.costs:
        slots[each.target_slot] = targets[each.output]
        try:
            value = each.forward.function(*each.forward.arguments(slots))
        except Exception as error:
            raise failed_at(each.where, "forward", error) from error
        if not trace.checked and (np.shape(value) != (trace.batch,) or value.dtype != trace.dtype):
            raise ContractError(
                f"{each.where}: forward must return one number per example",
                expected=f"shape ({trace.batch},), {trace.dtype}",
                received=f"shape {np.shape(value)}, {getattr(value, 'dtype', type(value).__name__)}",
                hint="sum over every axis but the first: .reshape(len(a), -1).sum(axis=1)",
            )
        total = value if total is None else total + value
    if total is None:
        raise ContractError("the network has no cost", hint="bp.Network(..., cost=QuadraticCost())")
    return total  # type: ignore[no-any-return]
