"""The errors δ of a pass, as the framework's own backward pass leaves them."""

from __future__ import annotations

import numpy as np

import bpframe as bp
from bpframe.backward import backward, output_errors
from bpframe.forward import costs


def errors(network: bp.Network, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return ∂C/∂v of every node and input v, example by example, (N, *features)."""
    trace = network.trace(x)
    (output,) = network.graph.outputs
    costs(trace, {output: y})
    deltas = output_errors(trace)
    backward(trace, trace.plan.to_inputs, deltas, [])
    return {name: deltas[slot] for name, slot in trace.plan.value_slots.items()}
