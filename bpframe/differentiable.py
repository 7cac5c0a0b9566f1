"""What any network can compute: values, costs, and derivatives in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.arrays import checked_inputs, checked_stack, checked_targets
from bpframe.derivatives.gradient_check import GradientCheck, check_gradient
from bpframe.derivatives.jvp import jvp
from bpframe.derivatives.vjp import input_vjp, parameter_vjp
from bpframe.engine import Engine
from bpframe.errors import DataError
from bpframe.graph import Graph
from bpframe.metrics import accuracy
from bpframe.parameters import ParameterVector
from bpframe.trace import Trace

__all__ = ["Arrays", "Differentiable"]

Array = np.ndarray[Any, Any]

#: One array, or arrays by name where there are several inputs or outputs.
Arrays = Array | Mapping[str, Array]


class Differentiable:
    """A graph with parameters that can be evaluated and differentiated; arrays have examples on axis 0."""

    _engine: Engine

    @property
    def graph(self) -> Graph:
        """The checked nodes and edges."""
        return self._engine.graph

    @property
    def parameters(self) -> ParameterVector:
        """Every parameter by its path, such as `dense_1.w`, as views into one vector: writing changes the network."""
        return self._engine.parameters

    @property
    def state(self) -> Mapping[str, Mapping[str, Array]]:
        """What nodes carry from step to step without training it, by node and name."""
        return self._engine.state

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of parameters, values and gradients."""
        dtype: np.dtype[Any] = self._engine.dtype
        return dtype

    def predict(self, x: Arrays) -> Any:
        """Return the output for every example, (N, *features), with training switched off."""
        return self._outputs(self._engine.outputs(self._inputs(x)))

    def cost(self, x: Arrays, y: Arrays) -> float:
        """Return the mean cost over the examples, with training switched off."""
        inputs, targets = self._samples(x, y)
        return self._engine.total_cost(inputs, targets) / len(next(iter(inputs.values())))

    def accuracy(self, x: Arrays, y: Array) -> float:
        """Return the share of examples whose largest output is the right class; y is one-hot, or class numbers."""
        prediction = self.predict(x)
        if isinstance(prediction, Mapping):
            raise DataError("accuracy needs one output", received=", ".join(prediction), hint="accuracy(prediction, y)")
        return accuracy(prediction, np.asarray(y))

    def gradient(self, x: Arrays, y: Arrays, training: bool = False) -> ParameterVector:
        """Return ∂C/∂θ of the mean cost over the examples, by parameter path, as views into one vector.

        `training` says whether components behave as in training (dropout, batch statistics). Equations BP1–BP4.
        """
        inputs, targets = self._samples(x, y)
        self._engine.differentiate(inputs, targets, training)
        return self._engine.gradient.copy()

    def check_gradient(self, x: Arrays, y: Arrays, per_parameter: int = 3, seed: int = 0) -> GradientCheck:
        """Compare some entries of the gradient with the complex step, in float64: `.max_relative_error`, `.entries`.

        Every component on the way must compute an analytic function, in NumPy calls that take complex numbers.
        """
        return check_gradient(self._engine, *self._samples(x, y), per_parameter, seed)

    def trace(self, x: Arrays, training: bool = False) -> Trace:
        """Run the examples forward and return every node's value and local Jacobian, as they are now, for good."""
        inputs = {name: array.copy() for name, array in self._inputs(x).items()}
        return self._engine.trace(inputs, training, self.parameters.copy())

    def vjp(self, x: Arrays, cotangent: Arrays) -> Any:
        """Reverse mode: pull a cotangent of the output back to the inputs, u ↦ Jᵀ u.

        Shapes: cotangent (*S, N, *output) with any stack axes S; returns (*S, N, *input), an array where x is one and a
        mapping where x is one.
        """
        trace = self._engine.trace(self._inputs(x))
        found = _owned(input_vjp(trace, self._cotangents(trace, cotangent)))
        return found if isinstance(x, Mapping) else next(iter(found.values()))

    def parameter_vjp(self, x: Arrays, cotangent: Arrays) -> dict[str, Array]:
        """Reverse mode: pull a cotangent of the output back to the parameters, u ↦ Σ_n J_nᵀ u_n, (*S, *shape) each."""
        trace = self._engine.trace(self._inputs(x))
        return parameter_vjp(trace, self._cotangents(trace, cotangent))

    def jvp(self, x: Arrays, tangent: Arrays) -> Any:
        """Forward mode: push a change of the inputs to the output, v ↦ J v.

        Shapes: tangent (*S, N, *input), or a mapping in which inputs that do not change are left out; returns
        (*S, N, *output).
        """
        trace = self._engine.trace(self._inputs(x))
        graph = self.graph
        shapes = {
            name: (trace.batch, *shape) for name, shape in graph.inputs.items() if name not in graph.integer_inputs
        }
        tangents, stack = checked_stack(tangent, shapes, "tangent", self.dtype)
        return self._outputs(_owned(jvp(trace, tangents, {}, stack)))

    def parameter_jvp(self, x: Arrays, tangent: Mapping[str, Array]) -> Any:
        """Forward mode: push a change of the parameters, by path, to the output, (*S, N, *output)."""
        trace = self._engine.trace(self._inputs(x))
        tangents, stack = checked_stack(tangent, self.parameters.shapes, "parameter tangent", self.dtype)
        return self._outputs(_owned(jvp(trace, {}, tangents, stack)))

    def _inputs(self, x: Arrays) -> dict[str, Array]:
        return checked_inputs(self.graph, x, self.dtype)

    def _samples(self, x: Arrays, y: Arrays) -> tuple[dict[str, Array], dict[str, Array]]:
        if not self.graph.cost:
            raise DataError("the network has no cost", hint="bp.Network(..., cost=QuadraticCost())")
        inputs = self._inputs(x)
        count = len(next(iter(inputs.values())))
        if count == 0:
            raise DataError("there are no examples", expected="at least one row", received="0")
        return inputs, checked_targets(self.graph, y, self.dtype, count)

    def _cotangents(self, trace: Trace, cotangent: Arrays) -> dict[str, Array]:
        shapes = {name: (trace.batch, *self.graph.shapes[name]) for name in self.graph.outputs}
        return checked_stack(cotangent, shapes, "cotangent", self.dtype)[0]

    def _outputs(self, found: dict[str, Array]) -> Any:
        return found[self.graph.outputs[0]] if len(self.graph.outputs) == 1 else found


def _owned(found: dict[str, Array]) -> dict[str, Array]:
    """Return arrays of the caller's own: an operator's product may be its argument, or a view that nobody may write."""
    return {name: array.copy() for name, array in found.items()}
