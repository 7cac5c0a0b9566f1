"""Forward mode: Jacobian–vector products, from the same local Jacobians as the backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.core.backprop.results import check_product, failed
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import read_only
from bpframe.core.graph.graph import Node
from bpframe.core.operators import Branches, Operator, branches
from bpframe.validation.plain_arrays import Array

__all__ = ["changes_of", "jvp", "tangents"]


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
        if changes := changes_of(node, found, parameters):
            jacobian = trace.jacobian(node.name)
            grouped = branches({key: jacobian[key] for key in changes})
            shape = (*stack, trace.batch, *node.output_shape)
            total = _total(node, grouped, changes, trace, shape)
            found[node.name] = read_only(total if step.why is None else total.copy())
    return found


def changes_of(node: Node, values: Mapping[str, Array], parameters: Mapping[str, Array]) -> dict[str, Array]:
    """Return the changes of a node's inputs and parameters, by key in its local Jacobian; what stays is left out."""
    inputs = {
        key: values[source]
        for key, source in zip(node.input_keys, node.sources, strict=True)
        if source in values and key not in node.component.integer_inputs
    }
    paths = {name: node.parameter_path(name) for name in node.parameters}
    return inputs | {name: parameters[path] for name, path in paths.items() if path in parameters}


def _total(
    node: Node, grouped: Branches, changes: Mapping[str, Array], trace: Trace, shape: tuple[int, ...] | None
) -> Array:
    """Add what operators make of the changes of their keys; a factor that several begin with is applied to the sum.

    All that is added has one shape: this one, or that of the first.
    """
    total: Any = None  # until the first part

    for key, operator in grouped.alone:
        if key in node.parameters:
            product, part = "shared_jvp", operator.shared_jvp(changes[key], trace.batch)
        else:
            product, part = "jvp", _pushed(node, key, operator, changes[key])
        shape = part.shape if shape is None else shape
        check_product(node, key, product, part, shape, trace.dtype)
        total = part if total is None else total + part
    for factor, behind in grouped.common:
        part = _pushed(node, behind.key, factor, _total(node, behind, changes, trace, None))
        shape = part.shape if shape is None else shape
        check_product(node, behind.key, "jvp", part, shape, trace.dtype)
        total = part if total is None else total + part
    return total  # type: ignore[no-any-return]


def _pushed(node: Node, key: str, operator: Operator, tangent: Array) -> Array:
    try:
        return operator.jvp(tangent)
    except ValueError as error:
        raise failed(node.where, f"jvp of jacobian['{key}']", error) from error
