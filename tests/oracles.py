"""Derivatives of a whole network from its forward pass alone: no declared Jacobian is asked.

Every function runs a pass of its own, with fresh random streams, so that a dropout's mask is the same in each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from bpframe.core.backprop.forward import costs, forward
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.graph.randomness import stream
from bpframe.derivatives.points.given_arrays import checked_inputs
from bpframe.network import Network

Method = Literal["complex", "differences"]
Function = Callable[[np.ndarray], np.ndarray]

#: Its square vanishes beside 1, and nothing is subtracted.
COMPLEX_STEP = 1e-30

#: Where Richardson's extrapolation starts; each row halves the step.
FIRST_STEP, ROWS = 2.0**-4, 6


def along(function: Function, point: np.ndarray, direction: np.ndarray, method: Method) -> np.ndarray:
    """Return the derivative of `function` at `point` along `direction`."""
    if method == "complex":
        return function(point + 1j * COMPLEX_STEP * direction).imag / COMPLEX_STEP
    table: list[np.ndarray] = []
    for row in range(ROWS):
        h = FIRST_STEP / 2**row
        new = [(function(point + h * direction) - function(point - h * direction)) / (2 * h)]
        for order, before in enumerate(table, start=1):
            new.append(new[-1] + (new[-1] - before) / (4.0**order - 1))
        table = new
    return table[-1]


def written_out(function: Function, point: np.ndarray, method: Method) -> np.ndarray:
    """Return the Jacobian of `function` at `point`, (*value, *point), column by column."""
    columns = []
    for index in np.ndindex(point.shape):
        direction = np.zeros(point.shape)
        direction[index] = 1.0
        columns.append(along(function, point, direction, method))
    value = columns[0].shape
    return np.moveaxis(np.array(columns).reshape(*point.shape, *value), range(point.ndim), range(-point.ndim, 0))


def run(
    network: Network,
    x: Mapping[str, np.ndarray],
    theta: np.ndarray | None = None,
    training: bool = False,
) -> Trace:
    """Run the network forward on arrays that may be complex, with the parameters `theta` in place of its own."""
    engine = network._engine
    theta = engine.parameters.vector if theta is None else theta
    kind = np.result_type(theta, *(array for array in x.values() if array.dtype.kind in "fc"))
    state = {
        node: {name: array.astype(kind) for name, array in arrays.items()} for node, arrays in engine.state.items()
    }
    batch = len(next(iter(x.values())))
    workspace = Workspace(
        engine.plan,
        batch,
        engine.parameters.like(theta.astype(kind)),
        engine.frozen.like(engine.frozen.vector.astype(kind)),
        state,
        lambda name: stream(engine.seed, "evaluation", name),
    )
    inputs = {name: array.astype(kind) if array.dtype.kind in "fc" else array for name, array in x.items()}
    forward(workspace, inputs, training)
    return Trace(workspace)


def input_jacobian(
    network: Network, x, name: str, *, training: bool = False, method: Method = "complex", output: str | None = None
) -> np.ndarray:
    """∂(the whole batch's output)/∂(the whole batch's input `name`), (N, *output, N, *input)."""
    inputs = checked_inputs(network.graph, x, np.float64)
    output = output or network.graph.outputs[0]
    return written_out(
        lambda moved: run(network, {**inputs, name: moved}, training=training)[output], inputs[name], method
    )


def parameter_jacobian(
    network: Network, x, path: str, *, training: bool = False, method: Method = "complex", output: str | None = None
) -> np.ndarray:
    """∂(the whole batch's output)/∂(a parameter that the batch shares), (N, *output, *parameter)."""
    inputs = checked_inputs(network.graph, x, np.float64)
    output = output or network.graph.outputs[0]

    def moved_parameter(value: np.ndarray) -> np.ndarray:
        theta = network.parameters.like(network.parameters.vector.astype(value.dtype))
        theta[path] = value
        return run(network, inputs, theta.vector, training)[output]

    return written_out(moved_parameter, network.parameters[path], method)


def cost_gradient(network: Network, x, y, *, training: bool = False, method: Method = "complex") -> np.ndarray:
    """∂(mean cost)/∂θ, (P,)."""
    inputs, targets = network._samples(x, y, None)

    def mean_cost(theta: np.ndarray) -> np.ndarray:
        return np.mean(costs(run(network, inputs, theta, training).workspace, targets))

    return written_out(mean_cost, network.parameters.vector, method)


def assert_close(actual: np.ndarray, expected: np.ndarray, relative: float = 1e-10) -> None:
    """Hold `actual` to `relative` of the largest entry of `expected`."""
    assert np.shape(actual) == np.shape(expected)
    largest = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=relative * max(largest, 1e-300))
