"""L-BFGS: quasi-Newton steps from the last few gradients, by SciPy."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, Optimizer, PositiveInt, Problem
from bpframe_minimizers.validation import Validation

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Steps along −H∇C, where H is a model of the Hessian's inverse that the last few steps give.

        θ ← θ − α H ∇C,    H y_i = s_i approximately, for the last `memory` changes s_i of θ and y_i of ∇C

    It needs no more than gradients, of any differentiable cost; a search along the line finds α. All examples are used
    at once. An iteration may evaluate the cost several times. Done by SciPy's L-BFGS-B; its two tests for the end are
    replaced by those below, which do not depend on the cost's size.

    Source: Liu and Nocedal, On the Limited Memory BFGS Method for Large Scale Optimization (1989); Byrd, Lu, Nocedal
    and Zhu, A Limited Memory Algorithm for Bound Constrained Optimization (1995).
    """

    memory: PositiveInt = Field(10, description="How many of the last steps H is built from.")
    min_gradient: NonNegativeFloat = Field(1e-7, description="Stop where no entry of the gradient is larger than this.")
    tolerance: NonNegativeFloat = Field(0.0, description="Stop where the cost falls by no more than this share.")
    max_fail: PositiveInt = Field(6, description="Stop after so many iterations without a lower validation cost.")

    def minimize(self, problem: Problem) -> None:
        """Move the parameters to a minimum of the cost."""
        descent = _Descent(self, problem)
        if descent.reason is None:
            descent.run()
        descent.settle()
        if descent.reason is not None:
            problem.stop(descent.reason)


class _Descent:
    """SciPy's function, gradient and callback, for one problem. `reason` says why it ended, where it ended itself."""

    def __init__(self, method: LBFGS, problem: Problem) -> None:
        self.method = method
        self.problem = problem
        self.validation = Validation(problem, method.max_fail)
        self.dtype = problem.parameters.dtype
        self.reached = problem.parameters.astype(np.float64)
        self.cost, gradient = problem.objective.gradient()
        self._evaluated = self.reached, gradient.astype(np.float64)
        self._going_on = True
        self.reason = self._flat(gradient)

    def run(self) -> None:
        """Let SciPy iterate until one of the tests ends it."""
        from scipy.optimize import OptimizeResult, minimize

        def callback(intermediate_result: OptimizeResult) -> None:
            self._iterated(intermediate_result.x, float(intermediate_result.fun))
            if self.reason is not None or not self._going_on:
                raise StopIteration

        # The limits that are off: tests relative to max(C, 1), and counts that `report` keeps.
        options = {"maxcor": self.method.memory, "ftol": 0.0, "gtol": 0.0, "maxiter": 1 << 30, "maxfun": 1 << 30}
        minimize(  # type: ignore[call-overload]
            self._value, self.reached, jac=True, method="L-BFGS-B", callback=callback, options=options
        )
        if self._going_on and self.reason is None:
            self.reason = "no lower cost along the line of search"

    def settle(self) -> None:
        """Go from the last point that was tried to the last that was reached, or to the best in validation."""
        self._move(self.reached)
        self.validation.return_to_best()

    def _value(self, theta: Array) -> tuple[float, Array]:
        """Return C and ∇C in double precision; where they are not finite, a wall that the search turns back from."""
        # A wall of the cost's own size: against a huge one the search would shrink its step to nothing.
        wall = self.cost + abs(self.cost), np.zeros_like(theta)
        if not np.isfinite(theta.astype(self.dtype)).all():
            return wall
        self._move(theta)
        cost, gradient = self.problem.objective.gradient()
        if not (np.isfinite(cost) and np.isfinite(gradient).all()):
            return wall
        self._evaluated = theta.copy(), gradient.astype(np.float64)
        return cost, self._evaluated[1]

    def _iterated(self, theta: Array, cost: float) -> None:
        self._move(theta)
        before, self.cost, self.reached = self.cost, cost, theta.copy()
        gradient = self._evaluated[1]
        self._going_on = self.problem.report(cost, gradient_norm=float(np.linalg.norm(gradient)))
        self.reason = self._flat(gradient)
        share = self.method.tolerance
        if self.reason is None and before - cost <= share * abs(before):
            self.reason = f"the cost falls by less than {share:g} of itself" if share else "the cost falls no further"
        if self.validation.failed():
            self.reason = self.reason or f"no lower validation cost for {self.method.max_fail} iterations"

    def _flat(self, gradient: Array) -> str | None:
        limit = self.method.min_gradient
        return f"gradient below {limit:g}" if np.abs(gradient).max(initial=0) <= limit else None

    def _move(self, theta: Array) -> None:
        if not np.array_equal(self.problem.parameters, theta.astype(self.dtype)):
            self.problem.move_to(theta)
