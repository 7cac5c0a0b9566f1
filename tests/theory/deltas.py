"""The errors δ of a pass, as the framework's own backward pass hands them on."""

from __future__ import annotations

import numpy as np

import bpframe as bp
from bpframe.core.backprop.backward import output_errors
from bpframe.core.backprop.forward import costs
from bpframe.derivatives.points.walk_back import walk_back


def errors(network: bp.Network, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return ∂C/∂v of every node and input v, example by example, (N, *features)."""
    trace = network.trace(x)
    (output,) = network.graph.outputs
    costs(trace.workspace, {output: y})
    deltas = output_errors(trace.workspace)
    found = {each.step.node.name: delta for each, delta, _ in walk_back(trace, trace.plan.to_inputs, deltas)}
    return {**found, **{name: deltas[slot] for name, slot in trace.plan.input_slots.items()}}
