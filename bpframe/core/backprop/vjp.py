"""Reverse mode: vector–Jacobian products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.core.backprop.backward import backward
from bpframe.core.backprop.plan import Plan
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
    if len(trace.plan.graph.integer_inputs) == len(trace.plan.graph.inputs):
        raise DerivativeError(
            "no input of the network has a derivative",
            expected="an input of floating-point numbers",
            received="integers in " + ", ".join(trace.plan.graph.inputs),
            hint="parameter_vjp",
        )
    deltas = _seeded(trace, cotangents)
    backward(trace.workspace, trace.plan.to_inputs, deltas, [])
    stack = _stack(trace.plan, cotangents)
    return {
        name: _or_zeros(deltas[slot], (*stack, trace.batch, *trace.plan.graph.inputs[name]), trace.dtype)
        for name, slot in trace.plan.input_slots.items()
        if name not in trace.plan.graph.integer_inputs
    }


def parameter_vjp(trace: Trace, cotangents: Mapping[str, Array]) -> dict[str, Array]:
    """Pull cotangents of outputs back to the parameters: u ↦ Σ_n J_nθᵀ u_n.

    With u = ∂C/∂a of the output these are eqs. (7), (8), (9) and (10), for every weight at once.

    Shapes: cotangents (*S, N, *output) by output; returns (*S, *shape) by parameter path.
    """
    plan = trace.plan
    stack = _stack(plan, cotangents)
    found = {path: np.zeros((*stack, *each.shape), trace.dtype) for path, each in plan.graph.parameters.items()}
    gradients: list[Array | None] = [None] * plan.size
    for path, slot in plan.gradient_slots.items():
        gradients[slot] = found[path]
    backward(trace.workspace, plan.to_parameters, _seeded(trace, cotangents), gradients)
    return found


def _seeded(trace: Trace, cotangents: Mapping[str, Array]) -> list[Array | None]:
    deltas: list[Array | None] = [None] * trace.plan.size
    for name, cotangent in cotangents.items():
        deltas[trace.plan.value_slots[name]] = cotangent
    return deltas


def _stack(plan: Plan, cotangents: Mapping[str, Array]) -> tuple[int, ...]:
    """Return the stack axes, which all cotangents share."""
    for name, cotangent in cotangents.items():
        axes = cotangent.ndim - 1 - len(plan.graph.shapes[name])
        return tuple(cotangent.shape[:axes])
    return ()


def _or_zeros(value: Array | None, shape: tuple[int, ...], dtype: Any) -> Array:
    return np.zeros(shape, dtype) if value is None else value.copy()  # it may be a view of the cotangent
