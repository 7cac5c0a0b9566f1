"""The gradient with its check, and products with the network's Jacobian in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bpframe.core.backprop.jvp import jvp
from bpframe.core.graph.parameters import ParameterVector
from bpframe.data.raw import times
from bpframe.derivatives.first_order.vjp import input_vjp, parameter_vjp
from bpframe.derivatives.points.given_arrays import checked_stack
from bpframe.differentiable.evaluated import Arrays, Evaluated, evaluation
from bpframe.validation.plain_arrays import Array
from bpframe.validation.strict_numbers import checked_truth
from bpframe.verification.gradient_check import BothWays, GradientCheck

__all__ = ["FirstOrder"]


class FirstOrder(Evaluated):
    """Derivatives of the first order."""

    def gradient(
        self, x: Arrays, y: Arrays, training: bool = False, *, sample_weight: Arrays | None = None
    ) -> ParameterVector:
        """Return ∂C/∂θ of the mean cost over the examples, with penalties, by parameter path, as views into one vector.

        `sample_weight` as in `cost`; `training` says whether components behave as in training (dropout, batch
        statistics). Equations BP1–BP4.
        """
        inputs, targets = self._samples(x, y, sample_weight)
        return self._engine.at(inputs).gradient(inputs, targets, checked_truth("training", training))[1]

    @evaluation
    def check_gradients(
        self,
        x: Arrays,
        y: Arrays,
        *,
        sample_weight: Arrays | None = None,
        per_parameter: int | None = 10,
        seed: int = 0,
        training: bool = False,
    ) -> GradientCheck:
        """Compare ∂C/∂θ and ∂C/∂x by back-propagation with derivatives by number, and say who is at fault.

            m = Im C(θ + i h d) / h,  h = 1e-30 |θ|,    or differences where a component is not analytic

        Compared are the largest entry of every parameter and input, others that are drawn with `seed`, up to
        `per_parameter` (None: every one), and a random direction through all of them. A forward pass or more for each:
        a few examples are enough. Everything is computed in float64, whatever the network's dtype.

        The report is true where all passed, prints as a table, and has `raise_if_failed()`. Where something failed,
        `faults` names the components whose declared Jacobian is not what forward does at the values of this pass, with
        the conformance kit's diagnosis. `training` switches dropout and batch statistics on; random components draw the
        same numbers in every pass. Values on a kink, such as relu at 0, are checked next to it. What cannot be measured
        well enough to tell is `undecided`: neither passed nor failed.

        Shapes: x, y and `sample_weight` as for `gradient`. The network is left as it is.

        Raises
        ------
        NonFiniteError
            The cost is NaN or infinite at these values; it names the place where that begins.

        """
        inputs, targets = self._samples(x, y, sample_weight)
        both_ways = BothWays.of(self._engine.at(inputs), inputs, targets, training, seed)
        check = both_ways.check(per_parameter)
        if not check.failed:
            return check
        from bpframe.verification.blame import find_faults  # only here: the kit takes time to import

        failed = check.failed
        faults = find_faults(both_ways.cost.trace(), both_ways.cost.targets, training, failed)
        if not faults and both_ways.beside:  # values on a kink may hide what is wrong next to it
            cost = both_ways.beside.cost
            faults = find_faults(cost.trace(), cost.targets, training, failed)
        return replace(check, faults=tuple(faults))

    @evaluation
    def vjp(self, x: Arrays, cotangent: Arrays) -> Any:
        """Reverse mode: pull a cotangent of the output back to the inputs, u ↦ Jᵀ u.

        Shapes: cotangent (*S, N, *output) with any stack axes S, or a mapping from outputs, of which those that are
        left out count as zero; returns (*S, N, *input): an array where x is an array, a mapping by name where x is a
        mapping. Inputs that hold integers are left out.

        Errors: DerivativeError where all inputs hold integers.
        """
        trace = self._trace(x)
        found = self._in_raw(_owned(input_vjp(trace, self._cotangents(trace, cotangent))))
        return found if isinstance(x, Mapping) else next(iter(found.values()))

    @evaluation
    def parameter_vjp(self, x: Arrays, cotangent: Arrays) -> dict[str, Array]:
        """Reverse mode: pull a cotangent of the output back to the parameters, u ↦ Σ_n J_nᵀ u_n, (*S, *shape) each."""
        trace = self._trace(x)
        return parameter_vjp(trace, self._cotangents(trace, cotangent))

    @evaluation
    def jvp(self, x: Arrays, tangent: Arrays) -> Any:
        """Forward mode: push a change of the inputs to the output, v ↦ J v.

        Shapes: tangent (*S, N, *input), or a mapping in which inputs that do not change are left out; returns
        (*S, N, *output).
        """
        trace = self._trace(x)
        graph = trace.plan.graph
        shapes = {
            name: (trace.batch, *shape) for name, shape in graph.inputs.items() if name not in graph.integer_inputs
        }
        tangents, stack = checked_stack(tangent, shapes, "tangent", self.dtype)
        return self._outputs(times(_owned(jvp(trace, self._in_raw(tangents), {}, stack)), self._unit_scale()))

    @evaluation
    def parameter_jvp(self, x: Arrays, tangent: Mapping[str, Array]) -> Any:
        """Forward mode: push a change of the parameters, by path, to the output, (*S, N, *output)."""
        trace = self._trace(x)
        tangents, stack = checked_stack(tangent, self.parameters.shapes, "parameter tangent", self.dtype)
        return self._outputs(times(_owned(jvp(trace, {}, tangents, stack)), self._unit_scale()))


def _owned(found: dict[str, Array]) -> dict[str, Array]:
    """Return arrays of the caller's own: an operator's product may be its argument, or a view that nobody may write."""
    return {name: array.copy() for name, array in found.items()}
