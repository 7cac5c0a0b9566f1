"""Reverse mode: vector–Jacobian products."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.core.backprop.backward import backward
from bpframe.core.backprop.trace import Trace
from bpframe.errors import DerivativeError
from bpframe.validation.plain_arrays import Array

__all__ = ["input_vjp", "parameter_vjp"]


def input_vjp(trace: Trace, cotangents: Mapping[str, Array]) -> dict[str, Array]:
    """Pull cotangents of outputs back to the inputs: u ↦ Jᵀ u, example by example.

    Shapes: cotangents (*S, N, *output) by output, with any leading stack axes S; returns (*S, N, *input) by input.
    Inputs that hold integers have no derivative and are left out.

    Errors: DerivativeError where all inputs hold integers.
    """
    graph = trace.plan.graph
    if len(graph.integer_inputs) == len(graph.inputs):
        raise DerivativeError(
            "no input of the network has a derivative",
            expected="an input of floating-point numbers",
            received="integers in " + ", ".join(graph.inputs),
            hint="parameter_vjp",
        )
    deltas, stack = _seeded(trace, cotangents)
    backward(trace.workspace, trace.plan.to_inputs, deltas, [])
    found = {}
    for name, shape in graph.inputs.items():
        if name not in graph.integer_inputs:
            delta = deltas[trace.plan.input_slots[name]]  # it may be a view of the cotangent
            found[name] = np.zeros((*stack, trace.batch, *shape), trace.dtype) if delta is None else delta.copy()
    return found


def parameter_vjp(trace: Trace, cotangents: Mapping[str, Array]) -> dict[str, Array]:
    """Pull cotangents of outputs back to the parameters: u ↦ Σ_n J_nθᵀ u_n.

    With u = ∂C/∂a of the output these are eqs. (7), (8), (9) and (10), for every weight at once.

    Shapes: cotangents (*S, N, *output) by output; returns (*S, *shape) by parameter path.
    """
    plan = trace.plan
    deltas, stack = _seeded(trace, cotangents)
    found = {path: np.zeros((*stack, *each.shape), trace.dtype) for path, each in plan.graph.parameters.items()}
    gradients: list[Array | None] = [None] * plan.size
    for path, slot in plan.gradient_slots.items():
        gradients[slot] = found[path]
    backward(trace.workspace, plan.to_parameters, deltas, gradients)
    return found


def _seeded(trace: Trace, cotangents: Mapping[str, Array]) -> tuple[list[Array | None], tuple[int, ...]]:
    """Return the errors by slot that a walk back begins with, and the stack axes, which all cotangents share."""
    plan, stack = trace.plan, ()
    deltas: list[Array | None] = [None] * plan.size
    for name, cotangent in cotangents.items():
        deltas[plan.value_slots[name]] = cotangent
        stack = cotangent.shape[: cotangent.ndim - 1 - len(plan.graph.shapes[name])]
    return deltas, stack
