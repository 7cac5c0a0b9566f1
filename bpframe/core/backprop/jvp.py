"""Forward mode: Jacobian–vector products, from the same local Jacobians as the backward pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.core.backprop.results import check_product, failed
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import read_only
from bpframe.core.graph.graph import Node
from bpframe.core.operators import Operator
from bpframe.validation.plain_arrays import Array

__all__ = ["jvp", "tangents"]


def jvp(
    trace: Trace, inputs: Mapping[str, Array], parameters: Mapping[str, Array], stack: tuple[int, ...] = ()
) -> dict[str, Array]:
    """Push changes of inputs and parameters forward to the outputs.

        dv_i = Σ_j J_ij dv_j + J_iθ dθ_i        (multiply along a path, add over all paths)

    Shapes: input tangents (*S, N, *features) by name, parameter tangents (*S, *shape) by path, with `stack` = S;
    what is left out does not change. Returns (*S, N, *features) by output.
    """
    found = tangents(trace, inputs, parameters, stack)
    shapes = trace.plan.graph.shapes
    return {
        name: found[name].copy() if name in found else np.zeros((*stack, trace.batch, *shapes[name]), trace.dtype)
        for name in trace.plan.graph.outputs
    }


def tangents(
    trace: Trace, inputs: Mapping[str, Array], parameters: Mapping[str, Array], stack: tuple[int, ...] = ()
) -> dict[str, Array]:
    """Push changes forward as `jvp` does, and return the change of every value that they reach, by name."""
    found = {name: read_only(tangent) for name, tangent in inputs.items()}
    for step in trace.plan.steps:
        node = step.node
        moving = [(key, source) for key, source in zip(node.input_keys, node.sources, strict=True) if source in found]
        paths = [(name, path) for name in node.parameters if (path := node.parameter_path(name)) in parameters]
        if not moving and not paths:
            continue
        jacobian, shape = trace.jacobian(node.name), (*stack, trace.batch, *node.output_shape)
        total: Array | None = None
        for key, source in moving:
            if key not in node.component.integer_inputs:
                part = _pushed(node, key, jacobian[key], found[source])
                check_product(node, key, "jvp", part, shape, trace.dtype)
                total = part if total is None else total + part
        for name, path in paths:
            part = jacobian[name].shared_jvp(parameters[path], trace.batch)
            check_product(node, name, "shared_jvp", part, shape, trace.dtype)
            total = part if total is None else total + part
        if total is not None:
            found[node.name] = read_only(total if step.why is None else total.copy())
    return found


def _pushed(node: Node, key: str, operator: Operator, tangent: Array) -> Array:
    try:
        return operator.jvp(tangent)
    except ValueError as error:
        raise failed(node.where, f"jvp of jacobian['{key}']", error) from error
