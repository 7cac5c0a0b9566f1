"""The gradient check: back-propagation against derivatives by number, and the component at fault."""

from __future__ import annotations

from dataclasses import replace

from bpframe.differentiable.base import Arrays, Evaluated, evaluation
from bpframe.verification.gradient_check import Comparison, GradientCheck

__all__ = ["Checking"]


class Checking(Evaluated):
    """Checks of a network's own derivatives."""

    @evaluation
    def check_gradients(
        self, x: Arrays, y: Arrays, *, per_parameter: int | None = 10, seed: int = 0, training: bool = False
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

        Shapes: x and y as for `gradient`. The network is left as it is.

        Raises
        ------
        NonFiniteError
            The cost is NaN or infinite at these values; it names the place where that begins.

        """
        inputs, targets = self._samples(x, y)
        comparison = Comparison.of(self._engine, inputs, targets, training, seed)
        check = comparison.check(per_parameter)
        if not check.failed:
            return check
        from bpframe.verification.blame import find_faults  # only here: the kit takes time to import

        failed = check.failed
        faults = find_faults(comparison.cost.trace(), comparison.cost.targets, training, failed)
        if not faults and comparison.beside:  # values on a kink may hide what is wrong next to it
            cost = comparison.beside.cost
            faults = find_faults(cost.trace(), cost.targets, training, failed)
        return replace(check, faults=tuple(faults))
