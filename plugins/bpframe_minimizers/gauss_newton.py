"""Gauss–Newton: full steps to the minimum of the linearised problem, shortened where the cost would not fall."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from bpframe.extend import Array, Field, Objective, PositiveInt, Problem
from bpframe_minimizers.descent import Descent, Search, Trial, no_further
from bpframe_minimizers.solving import ShortColumns, units

__all__ = ["GaussNewton"]

#: How much of the fall that the gradient promises a step must bring (Armijo).
ENOUGH = 1e-4


class GaussNewton(Descent):
    """Steps to the minimum of the model with the Gauss–Newton matrix, without damping.

        θ ← θ − α G⁺ g,    the largest α of 1, ½, ¼, ... with C(θ + αΔ) ≤ C(θ) + 10⁻⁴ α gᵀΔ

    Near a minimum with small residuals it converges quadratically. G⁺ leaves out the directions that the residuals do
    not see within rounding: of all steps to the minimum, the shortest, in units of the Jacobian's column lengths. Far
    from the minimum, or where G is nearly singular, `levenberg_marquardt` gets farther.

    It uses all examples in every iteration.

    Errors: DerivativeError for a cost whose Hessian has no root; BatchCoupledError for components that couple examples.

    Source: Nocedal and Wright, Numerical Optimization (2nd ed., 2006), section 10.3; algorithm 3.1 for the line search.
    """

    rank: float | None = Field(
        None, gt=0, lt=1, description="The least singular value that counts, of the largest; by default by rounding."
    )
    max_halvings: PositiveInt = Field(40, description="Stop where so many halvings of a step do not lower the cost.")

    def _search(self, problem: Problem, tolerance: float) -> Line:
        return Line(self, problem.objective, tolerance)


class Undamped:
    """The model at one θ and its minimum: `cost`, `gradient`, the `step` to the minimum and the lengths of columns."""

    def __init__(
        self,
        factor: tuple[float, Array, Array],
        remainder: Array | None,
        rank: float | None,
        trusted: Callable[[Array], Array | bool] = lambda norms: False,
    ) -> None:
        self.cost, triangle, t = factor
        self.gradient = triangle.T @ t
        if remainder is not None:
            self.gradient = self.gradient + remainder
        norms = np.linalg.norm(triangle, axis=0)
        self.norms = units(norms, trusted(norms))
        self.step = self._minimum(triangle / self.norms, t, remainder, rank)

    def _minimum(self, triangle: Array, t: Array, remainder: Array | None, rank: float | None) -> Array | None:
        """Return −D⁻¹ (R D⁻¹)⁺ ρ, with what the remainder adds; None where it is not finite."""
        try:
            left, singular, right = np.linalg.svd(triangle, full_matrices=False)
        except np.linalg.LinAlgError:
            return None
        least = max(triangle.shape) * float(np.finfo(triangle.dtype).eps) if rank is None else rank
        inverse = np.divide(1, singular, out=np.zeros_like(singular), where=singular > least * singular.max(initial=0))
        along = inverse * (left.T @ t)
        if remainder is not None:
            along = along + inverse**2 * (right @ (remainder / self.norms))
        step: Array = -(along @ right) / self.norms
        return step if np.isfinite(step).all() else None


class Line(Search[Undamped]):
    """One run: a search along the line of each step."""

    def __init__(self, method: GaussNewton, objective: Objective, tolerance: float) -> None:
        self._method = method
        self._objective = objective
        self._tolerance = tolerance
        self._short = ShortColumns()

    def kept(self) -> dict[str, Any]:
        """Return what is known of very short columns."""
        return {"short": self._short.kept()}

    def go_on(self, kept: dict[str, Any]) -> None:
        """Begin with that knowledge."""
        self._short.go_on(kept["short"])

    def model(self) -> Undamped:
        """Factor the residuals' Jacobian."""
        objective = self._objective
        return Undamped(
            objective.triangular(),
            objective.remainder(),
            self._method.rank,
            lambda norms: self._short.trusted(norms, norms, objective),
        )

    def trial(self, theta: Array, model: Undamped) -> Trial:
        """Try the full step, half of it, ..."""
        step = model.step
        slope = 0.0 if step is None else float(model.gradient @ step)
        share, halvings = 1.0, 0
        if step is None or not slope < 0:
            return Trial(False, theta, model.cost, {"step": 0.0}, "no direction in which the cost falls")
        moved, length = float(np.linalg.norm(model.norms * step)), float(np.linalg.norm(model.norms * theta))
        reason = no_further(model.cost, -0.5 * slope, moved, length, self._tolerance)
        while True:
            trial = theta + share * step
            cost = self._objective.cost(trial) if np.isfinite(trial).all() else math.inf
            if cost < model.cost and cost <= model.cost + ENOUGH * share * slope:
                return Trial(True, trial, cost, {"step": share}, reason)
            if reason is not None or halvings == self._method.max_halvings:
                reason = reason or f"no lower cost after {halvings} halvings of the step"
                return Trial(False, theta, model.cost, {"step": 0.0}, reason)
            share, halvings = share / 2, halvings + 1
