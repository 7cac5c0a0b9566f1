"""Where NaN or infinity first appeared."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bpframe.core.backprop.backward import output_errors
from bpframe.core.backprop.forward import costs, forward
from bpframe.core.backprop.penalties import Penalties
from bpframe.core.backprop.steps import TRAINING
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import Workspace
from bpframe.derivatives.points.walk_back import walk_back
from bpframe.errors import NonFiniteError
from bpframe.validation.first_nonfinite import Found, first_nonfinite
from bpframe.validation.plain_arrays import Array

__all__ = ["all_finite", "nonfinite_error"]


def all_finite(vector: Array) -> bool:
    """Return whether a vector holds neither NaN nor infinity, by one product that reads it once."""
    # The square overflows before the entries do; then they are looked at one by one.
    return math.isfinite(vector.dot(vector)) or bool(np.isfinite(vector).all())


def nonfinite_error(workspace: Workspace, when: str, kept: str, noted: Sequence[Found] = ()) -> NonFiniteError:
    """Walk a pass forward, then back, and return the error that names the first place that is not finite.

    `when` says at which step; `kept` says which parameters the network has now. Where that walk finds nothing, since a
    component returned something else this time, it is what was `noted` in the pass itself.
    """
    # Another pass, because a repeated one keeps no values; after a called one too, so that both call as often.
    training, workspace = workspace.slots[TRAINING], workspace.again()
    slots, plan = workspace.slots, workspace.plan
    forward(workspace, {name: slots[slot] for name, slot in plan.input_slots.items()}, training)
    costs(workspace, {key: slots[slot] for key, slot in plan.target_slots.items() if slots[slot] is not None})
    trace = Trace(workspace)
    found = _forward(trace) or _backward(trace) or _penalties(trace) or next(iter(noted), None)
    place, what, value = found or ("the network", "the gradient is", "unknown")
    return NonFiniteError(
        f"{place}: {what} not finite, {when}",
        expected="finite numbers",
        received=value,
        hint="a smaller learning rate, or scaled inputs",
        rows=[("kept", kept)],
    )


def _forward(trace: Trace) -> tuple[str, str, str] | None:
    for step in trace.plan.steps:
        for name, array in trace.slots[step.parameter_slot].items():
            if found := first_nonfinite(array):
                return step.node.where, f"its parameter {name} is", found
        if found := first_nonfinite(trace.slots[step.slot]):
            return step.node.where, "its output is", found
    for each in trace.plan.costs:
        if found := first_nonfinite(each.forward.function(*each.forward.arguments(trace.workspace.handed_to(each)))):
            return each.where, "its value is", found
    return None


def _backward(trace: Trace) -> tuple[str, str, str] | None:
    deltas = output_errors(trace.workspace, 1.0)
    for cost in trace.plan.costs:
        if found := first_nonfinite(deltas[cost.value_slot]):
            return cost.where, "its gradient is", found
    for each, delta, jacobian in walk_back(trace, trace.plan.to_parameters, deltas):
        where = each.step.node.where
        for key, _ in each.edges:
            if found := first_nonfinite(jacobian[key].vjp(delta)):
                return where, f"the error that it sends to '{key}' is", found
        for key, _ in (*each.parameters, *each.shared):
            if found := first_nonfinite(jacobian[key].sum_vjp(delta)):
                return where, f"the gradient of '{key}' is", found
    return None


def _penalties(trace: Trace) -> tuple[str, str, str] | None:
    for term in Penalties(trace.plan.graph.penalties).terms:
        p = trace.parameters.views[term.path]
        for what, array in (("value", term.cost(p)), ("gradient", term.gradient(p))):
            if found := first_nonfinite(np.asarray(array)):
                return term.where, f"its {what} is", found
    return None
