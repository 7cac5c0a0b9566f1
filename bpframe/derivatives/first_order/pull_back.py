"""Vectors of the outputs pulled back many times through one trace, with whatever nodes add on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bpframe.core.backprop.results import check_product
from bpframe.core.backprop.steps import BackwardStep
from bpframe.core.backprop.trace import Trace
from bpframe.core.operators import Operator
from bpframe.derivatives.first_order.spaces import Space
from bpframe.derivatives.points.linearisation import by_slot
from bpframe.derivatives.points.walk_back import walk_back
from bpframe.validation.plain_arrays import Array

__all__ = ["pull_back", "steps_to"]


#: What a node adds to the cotangents of its inputs and parameters: (key in the local Jacobian, array).
Additions = Callable[[BackwardStep], Iterable[tuple[str, Array]]]


def steps_to(trace: Trace, space: Space) -> tuple[BackwardStep, ...]:
    """Return the way back to all parameters, or to all inputs."""
    plan = trace.plan
    return plan.to_parameters if space.wrt == "parameters" else plan.to_inputs


def pull_back(
    trace: Trace, space: Space, seeds: Mapping[str, Array], additions: Additions | None = None
) -> dict[str, Array]:
    """Pull vectors of the outputs back to the parameters (added over the examples) or to the inputs.

        u_j = Σ_i J_ijᵀ u_i + additions        ∂θ_i: Σ_n J_iθᵀ u_i + additions

    Unlike `parameter_vjp` it keeps the trace's Jacobians for the next time. Shapes: seeds (*S, N, *output) by output;
    returns (*S, *shape) by name; what nothing reaches is left out.
    """
    plan = trace.plan
    deltas, found = by_slot(plan, seeds), dict[str, Array]()
    for each, delta, jacobian in walk_back(trace, steps_to(trace, space), deltas):
        edges, node = dict(each.edges), each.step.node
        parts = [(key, _summed(each, key, jacobian[key], delta)) for key, _ in (*each.parameters, *each.shared)]
        for key, part in (*parts, *(additions(each) if additions else ())):
            if key in edges:
                so_far = deltas[edges[key]]
                deltas[edges[key]] = part if so_far is None else so_far + part
            else:
                path = node.parameter_path(key)
                found[path] = found[path] + part if path in found else part
    if space.wrt == "parameters":
        return found
    reached = {name: deltas[slot] for name, slot in plan.input_slots.items() if name in space.shapes}
    return {name: array for name, array in reached.items() if array is not None}


def _summed(each: BackwardStep, key: str, operator: Operator, delta: Array) -> Array:
    """Return Σ_n J_nᵀ δ_n for a parameter: an array of its own, of the shape and dtype that it must have."""
    step = each.step
    shape = (*delta.shape[: delta.ndim - len(step.output_shape) - 1], *step.shapes[key])
    part = operator.sum_vjp(delta)
    check_product(step.node, key, "sum_vjp", part, shape, delta.dtype)
    return part if step.why is None else part.copy()
