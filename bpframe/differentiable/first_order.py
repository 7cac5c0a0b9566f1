"""The gradient, and products with the network's Jacobian in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpframe.core.backprop.jvp import jvp
from bpframe.core.backprop.vjp import input_vjp, parameter_vjp
from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.points.given_arrays import checked_stack
from bpframe.differentiable.base import Arrays, Evaluated, evaluation
from bpframe.validation.plain_arrays import Array
from bpframe.validation.strict_numbers import checked_truth

__all__ = ["FirstOrder"]


class FirstOrder(Evaluated):
    """Derivatives of the first order."""

    def gradient(self, x: Arrays, y: Arrays, training: bool = False) -> ParameterVector:
        """Return ∂C/∂θ of the mean cost over the examples, by parameter path, as views into one vector.

        `training` says whether components behave as in training (dropout, batch statistics). Equations BP1–BP4.
        """
        inputs, targets = self._samples(x, y)
        return self._engine.gradient(inputs, targets, checked_truth("training", training))[1]

    @evaluation
    def vjp(self, x: Arrays, cotangent: Arrays) -> Any:
        """Reverse mode: pull a cotangent of the output back to the inputs, u ↦ Jᵀ u.

        Shapes: cotangent (*S, N, *output) with any stack axes S; returns (*S, N, *input), an array where x is one and a
        mapping where x is one.
        """
        trace = self._engine.trace(self._inputs(x))
        found = self._in_raw(_owned(input_vjp(trace, self._cotangents(trace, cotangent))))
        return found if isinstance(x, Mapping) else next(iter(found.values()))

    @evaluation
    def parameter_vjp(self, x: Arrays, cotangent: Arrays) -> dict[str, Array]:
        """Reverse mode: pull a cotangent of the output back to the parameters, u ↦ Σ_n J_nᵀ u_n, (*S, *shape) each."""
        trace = self._engine.trace(self._inputs(x))
        return parameter_vjp(trace, self._cotangents(trace, cotangent))

    @evaluation
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
        return self._outputs(_owned(jvp(trace, self._in_raw(tangents), {}, stack)))

    @evaluation
    def parameter_jvp(self, x: Arrays, tangent: Mapping[str, Array]) -> Any:
        """Forward mode: push a change of the parameters, by path, to the output, (*S, N, *output)."""
        trace = self._engine.trace(self._inputs(x))
        tangents, stack = checked_stack(tangent, self.parameters.shapes, "parameter tangent", self.dtype)
        return self._outputs(_owned(jvp(trace, {}, tangents, stack)))


def _owned(found: dict[str, Array]) -> dict[str, Array]:
    """Return arrays of the caller's own: an operator's product may be its argument, or a view that nobody may write."""
    return {name: array.copy() for name, array in found.items()}
