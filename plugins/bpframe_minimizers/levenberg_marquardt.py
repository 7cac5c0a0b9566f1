"""Levenberg–Marquardt: damped Gauss–Newton steps."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, PositiveFloat, Problem
from bpframe_minimizers.damped import Damped
from bpframe_minimizers.descent import Descent, Search, Trial, no_further
from bpframe_minimizers.solving import Solver, Solving

__all__ = ["LevenbergMarquardt"]

#: Damping does not fall below this, from where it would take long to grow again.
LEAST_DAMPING = 1e-20

#: An undamped step has to bring so much of what the linear model promises: the model then reaches as far as it.
FORETOLD = 0.25


class LevenbergMarquardt(Descent):
    """Damped Gauss–Newton steps: far from the minimum short ones along the gradient, near it those of Gauss–Newton.

        (G + μ D²) Δθ = −g,    ϱ = (C(θ) − C(θ + Δθ)) / (C(θ) − m(Δθ)),    m(Δ) = C + gᵀΔ + ½ ΔᵀGΔ

    A step that lowers the cost is taken, and μ falls; one that does not, or that leads to numbers that are not finite,
    is tried again with a larger μ. G is the Gauss–Newton matrix of whichever cost: JᵀJ for the quadratic one.

    With `acceleration`, a step follows the bend of the outputs along it, f̈ = ∂²f/∂θ² [Δθ, Δθ], and one that would bend
    too much is tried again with a larger μ:

        (G + μ D²) a = −1/N Σ_n J_nᵀ H_n f̈_n,    θ ← θ + Δθ + ½ a    where 2 ‖D a‖ ≤ α ‖D Δθ‖

    That leads along the narrow, curved valleys of formulas in far fewer steps, each of one forward pass more.

    Where damped steps no longer lower the cost, the singular values of the residuals' Jacobian tell whether the point
    is a minimum; if it is not, the step to the minimum of the linear model is tried before the run ends.

    Every iteration takes one step and uses all examples. `LevenbergMarquardt(rule="fixed", scaling="none")` is
    MATLAB's trainlm.

    Errors: DerivativeError for a cost whose Hessian has no root; BatchCoupledError for components that couple examples.

    Source: Marquardt, An Algorithm for Least-Squares Estimation of Nonlinear Parameters (1963); Moré, The
    Levenberg-Marquardt Algorithm: Implementation and Theory (1978), for the scaling; Madsen, Nielsen and Tingleff,
    Methods for Non-linear Least Squares Problems (2nd ed., 2004), algorithm 3.16, for the rule; Transtrum and Sethna,
    Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares minimization (2012), for acceleration.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("lm",)

    damping: PositiveFloat = Field(1e-3, description="μ at the start.")
    rule: Literal["gain_ratio", "fixed"] = Field(
        "gain_ratio", description="How μ changes: with the gain ratio ϱ, or by the factors decrease and increase."
    )
    decrease: float = Field(0.1, gt=0, lt=1, description="The factor of μ after a step; with ϱ, the least factor.")
    increase: float = Field(10.0, gt=1, allow_inf_nan=False, description="The factor of μ after a step not taken.")
    max_damping: PositiveFloat = Field(1e10, description="Stop where μ would become larger than this.")
    scaling: Literal["columns", "start", "none"] = Field(
        "columns",
        description="D: the largest lengths so far of the columns of the residuals' Jacobian; the reciprocals of the "
        "parameters at the start, so that steps are shares of these; or ones.",
    )
    acceleration: NonNegativeFloat = Field(
        0.0, description="The longest acceleration 2‖Da‖/‖DΔθ‖ that a step may have; 0 leaves it out, 0.75 is usual."
    )
    solver: Solver = Field("auto", description="How the damped equations are solved.")

    def _search(self, problem: Problem, tolerance: float) -> Marquardt:
        return Marquardt(self, problem, tolerance)


class Marquardt(Search[Damped]):
    """One run: the damping μ, and the equations at the present θ."""

    def __init__(self, method: LevenbergMarquardt, problem: Problem, tolerance: float) -> None:
        self._method = method
        self._objective = problem.objective
        self._tolerance = tolerance
        self._precision = float(np.finfo(problem.parameters.dtype).eps)
        start = problem.parameters if method.scaling == "start" else None
        self._solving = Solving(method.solver, method.scaling != "none", problem.memory_limit, start=start)
        self._damping = method.damping
        self._growth = 2.0

    def kept(self) -> dict[str, Any]:
        """Return the damping, which after a step grows as at the start, and what the equations are set up with."""
        return {"damping": self._damping, "solving": self._solving.kept()}

    def go_on(self, kept: dict[str, Any]) -> None:
        """Begin with these."""
        self._damping = kept["damping"]
        self._solving.go_on(kept["solving"])

    def model(self) -> Damped:
        """Set the damped equations up."""
        return self._solving.at(self._objective, self._damping)

    def trial(self, theta: Array, model: Damped) -> Trial:
        """Try damped steps; where none matters any more, see whether this is a minimum, and leap to it if not."""
        found = self._damped(theta, model)
        if found.reason is None or self._damping > self._method.max_damping:
            return found
        return self._undamped(theta, model, found)

    def _damped(self, theta: Array, model: Damped) -> Trial:
        """Try steps with larger and larger damping until one lowers the cost."""
        while True:
            used, ratio, reason, cost, last = self._damping, 0.0, None, math.inf, False
            step = model.step(used)
            moved = theta if step is None else theta + step
            if step is not None and np.isfinite(moved).all():
                predicted = model.predicted(step, used)
                length, whole = model.length(step), model.length(theta)
                reason = no_further(model.cost, predicted, length, whole, self._tolerance)
                bent = self._bent(model, step, used) if self._method.acceleration and reason is None else step
                moved = moved if bent is step or bent is None else theta + bent
                cost = math.inf if bent is None else self._objective.cost(moved)
                # The last step is more exact than a difference of costs that agree in all digits.
                last = reason is not None and cost <= model.cost * (1 + 4 * self._precision)
                last = last and length <= math.sqrt(self._precision) * whole
                ratio = (model.cost - cost) / predicted if predicted > 0 else 0.0
            taken = last or (ratio > 0 and cost < model.cost)
            if taken:
                self._fall(ratio)
            else:
                self._rise()
                if reason is None and self._damping > self._method.max_damping:
                    reason = f"damping above {self._method.max_damping:g}"
            if taken or reason is not None:
                figures = {"damping": used, "gain_ratio": ratio if math.isfinite(ratio) else 0.0}
                return Trial(taken, moved if taken else theta, cost if taken else model.cost, figures, reason)

    def _undamped(self, theta: Array, model: Damped, last: Trial) -> Trial:
        """Return the step to the linear model's minimum in place of the last one: the end where it is near.

        Where it is not, damping hides directions that residuals hardly see, such as those of nearly parallel columns;
        the way goes on from there if the model foretells the cost, and ends with the last step otherwise.
        """
        found = self._solving.linear_minimum(self._objective)
        if found is None or found.within_rounding:
            return last
        moved = theta + found.step.astype(theta.dtype)
        cost = self._objective.cost(moved) if np.isfinite(moved).all() else math.inf
        ratio = (model.cost - cost) / (0.5 * float(found.along @ found.along))
        # Near the end the step is more exact than a difference of costs that agree within rounding.
        ended = found.near and cost <= model.cost + found.rounding * found.size
        if not ended and not ratio > FORETOLD:
            return last
        self._damping, self._growth = LEAST_DAMPING, 2.0
        return Trial(True, moved, cost, {"damping": 0.0, "gain_ratio": ratio}, last.reason if ended else None)

    def _bent(self, model: Damped, step: Array, damping: float) -> Array | None:
        """Return Δθ + ½ a, or None where a is too long."""
        a = model.correction(self._objective.bending(step), damping)
        if a is None or not 2 * model.length(a) <= self._method.acceleration * model.length(step):
            return None
        return step + 0.5 * a

    def _fall(self, ratio: float) -> None:
        """Lower μ after a step: by a factor that is fixed, or the smaller the better the model foretold the cost."""
        method = self._method
        factor = method.decrease if method.rule == "fixed" else max(method.decrease, 1 - (2 * ratio - 1) ** 3)
        self._damping = max(self._damping * factor, LEAST_DAMPING)
        self._growth = 2.0

    def _rise(self) -> None:
        """Raise μ after a failure: by a factor that is fixed, or that doubles with every failure in a row."""
        if self._method.rule == "fixed":
            self._damping *= self._method.increase
        else:
            self._damping *= self._growth
            self._growth *= 2
