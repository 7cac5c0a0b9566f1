"""The error δ of every node: BP1 and BP2, with nothing left out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from bpframe.core.backprop.backward import output_errors
from bpframe.core.backprop.forward import costs
from bpframe.core.backprop.trace import Trace
from bpframe.derivatives.points.walk_back import walk_back
from bpframe.validation.plain_arrays import Array

__all__ = ["node_errors"]


def node_errors(trace: Trace, targets: Mapping[str, Array]) -> Mapping[str, Array]:
    """Return δ = ∂C_n/∂v of every node, eq. (13), (N, *features), in graph order; zeros where no cost depends on it.

    δ_output = ∇_a C (BP1) and δ_j = Σ_{i consumes j} J_ijᵀ δ_i (BP2), of each example's own cost.
    """
    costs(trace.workspace, targets)
    plan = trace.plan
    shapes = plan.graph.shapes
    found = {node.name: np.zeros((trace.batch, *shapes[node.name]), trace.dtype) for node in plan.graph.nodes}
    for each, delta, _ in walk_back(trace, plan.to_everything, output_errors(trace.workspace)):
        found[each.step.node.name][...] = delta
    for array in found.values():
        array.flags.writeable = False
    return MappingProxyType(plan.graph.named(found))
