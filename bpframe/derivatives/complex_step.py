"""The complex step: derivatives without differences, to check gradients with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bpframe.engine import Engine
from bpframe.forward import costs, forward
from bpframe.randomness import stream
from bpframe.trace import NodeState, Trace

__all__ = ["complex_step"]

Array = np.ndarray[Any, Any]

#: No difference is taken, so the step can be so small that its square vanishes.
STEP = 1e-30


def complex_step(
    engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array], entries: Iterable[int]
) -> Array:
    """Return ∂C/∂θ_k of the mean cost for some entries k of the parameter vector, one forward pass each.

        ∂C/∂θ_k = Im C(θ + i h e_k) / h + O(h²),    h = 1e-30

    It uses `forward` alone, so that it says nothing with the help of any declared Jacobian. Every component on the way
    must compute an analytic function, in NumPy calls that take complex numbers.

    Source: W. Squire and G. Trapp, *Using complex variables to estimate derivatives of real functions*,
    SIAM Review 40 (1998), 110–112.
    """
    theta = engine.parameters.like(engine.parameters.vector.astype(np.complex128))
    batch = len(next(iter(inputs.values())))
    state: dict[str, NodeState] = {
        node: {name: array.astype(np.complex128) for name, array in arrays.items()}
        for node, arrays in engine.state.items()
    }
    trace = Trace(engine.plan, batch, theta, state, lambda name: stream(engine.seed, "evaluation", name))
    complex_inputs = {name: _complex(array) for name, array in inputs.items()}
    complex_targets = {name: _complex(array) for name, array in targets.items()}
    found = []
    for entry in entries:
        theta.vector[entry] += 1j * STEP
        forward(trace, complex_inputs)
        found.append(np.add.reduce(costs(trace, complex_targets)).imag / STEP / batch)
        theta.vector[entry] = theta.vector[entry].real
    return np.array(found)


def _complex(array: Array) -> Array:
    return array if array.dtype.kind in "iu" else array.astype(np.complex128)
