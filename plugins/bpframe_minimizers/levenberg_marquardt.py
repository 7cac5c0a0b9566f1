"""Levenberg–Marquardt: damped Gauss–Newton steps."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, Objective, Optimizer, PositiveFloat, PositiveInt, Problem
from bpframe_minimizers.damped import Damped
from bpframe_minimizers.solving import Solver, Solving
from bpframe_minimizers.validation import Validation

__all__ = ["LevenbergMarquardt"]


class LevenbergMarquardt(Optimizer):
    """Damped Gauss–Newton steps: far from the minimum short ones along the gradient, near it those of Gauss–Newton.

        (G + μ D²) Δθ = −g,    ϱ = (C(θ) − C(θ + Δθ)) / (C(θ) − m(Δθ)),    m(Δ) = C + gᵀΔ + ½ ΔᵀGΔ

    A step that lowers the cost is taken, and μ falls; one that does not, or that leads to numbers that are not finite,
    is tried again with a larger μ. G is the Gauss–Newton matrix of whichever cost: JᵀJ for the quadratic one.

    Every iteration takes one step and uses all examples. `LevenbergMarquardt(rule="fixed", scaling="none")` is
    MATLAB's trainlm.

    Errors: DerivativeError for a cost whose Hessian has no root; BatchCoupledError for components that couple examples.

    Source: Marquardt, An Algorithm for Least-Squares Estimation of Nonlinear Parameters (1963); Moré, The
    Levenberg-Marquardt Algorithm: Implementation and Theory (1978), for the scaling; Madsen, Nielsen and Tingleff,
    Methods for Non-linear Least Squares Problems (2nd ed., 2004), algorithm 3.16, for the rule.
    """

    damping: PositiveFloat = Field(1e-3, allow_inf_nan=False, description="μ at the start.")
    rule: Literal["gain_ratio", "fixed"] = Field(
        "gain_ratio", description="How μ changes: with the gain ratio ϱ, or by the factors decrease and increase."
    )
    decrease: float = Field(0.1, gt=0, lt=1, description="The factor of μ after a step; with ϱ, the least factor.")
    increase: float = Field(10.0, gt=1, allow_inf_nan=False, description="The factor of μ after a step not taken.")
    max_damping: PositiveFloat = Field(1e10, description="Stop where μ would become larger than this.")
    scaling: Literal["columns", "none"] = Field(
        "columns", description="D: the largest lengths so far of the columns of the residuals' Jacobian, or ones."
    )
    solver: Solver = Field("auto", description="How the damped equations are solved.")
    goal: NonNegativeFloat = Field(0.0, description="Stop where the cost is at most this.")
    min_gradient: NonNegativeFloat = Field(1e-7, description="Stop where the gradient is at most this long.")
    max_fail: PositiveInt = Field(6, description="Stop after so many iterations without a lower validation cost.")
    tolerance: NonNegativeFloat | None = Field(
        None, description="Stop where cost or parameters change by less than this share; by default by rounding alone."
    )

    def minimize(self, problem: Problem) -> None:
        """Move the parameters to a minimum of the cost."""
        theta = problem.parameters
        tolerance = float(np.finfo(theta.dtype).eps) if self.tolerance is None else self.tolerance
        solving = Solving(self.solver, self.scaling == "columns", problem.memory_limit)
        damping = _Damping(self)
        validation = Validation(problem, self.max_fail)
        system = solving.at(problem.objective, damping.value)
        reason = self._reached(system)
        while reason is None:
            trial = self._try(problem.objective, theta, system, damping, tolerance)
            if trial.taken:
                theta = trial.theta
                problem.move_to(theta)
                system = solving.at(problem.objective, damping.value)
            going_on = problem.report(
                trial.cost,
                damping=trial.damping,
                gain_ratio=trial.gain_ratio,
                gradient_norm=float(np.linalg.norm(system.gradient)),
            )
            reason = trial.reason or self._reached(system)
            if validation.failed():
                reason = reason or f"no lower validation cost for {self.max_fail} iterations"
            if not going_on:
                break
        validation.return_to_best()
        if reason is not None:
            problem.stop(reason)

    def _try(self, objective: Objective, theta: Array, system: Damped, damping: _Damping, tolerance: float) -> _Trial:
        """Try steps with larger and larger damping until one lowers the cost."""
        while True:
            used = damping.value
            step = system.step(used)
            predicted = math.nan if step is None else system.predicted(step, used)
            trial = theta if step is None else theta + step
            cost = objective.cost(trial) if np.isfinite(predicted) and np.isfinite(trial).all() else math.inf
            ratio = (system.cost - cost) / predicted if predicted > 0 else math.nan
            taken = cost < system.cost and ratio > 0
            reason = None
            if step is not None and predicted <= tolerance * system.cost:
                reason = f"the cost cannot fall by more than {tolerance:.1g} of itself"
            elif step is not None and system.length(step) <= tolerance * system.length(theta):
                reason = f"the parameters would move by less than {tolerance:.1g} of themselves"
            if taken:
                damping.fall(ratio)
            else:
                damping.rise()
                if reason is None and damping.value > self.max_damping:
                    reason = f"damping above {self.max_damping:g}"
            if taken or reason is not None:
                return _Trial(taken, trial if taken else theta, cost if taken else system.cost, used, ratio, reason)

    def _reached(self, system: Damped) -> str | None:
        """Return why the present point is good enough, or why no step can be taken from it."""
        length = float(np.linalg.norm(system.gradient))
        if system.cost <= self.goal:
            return f"goal {self.goal:g} reached"
        if not math.isfinite(length):
            return "the gradient is not finite"
        if length <= self.min_gradient:
            return f"gradient below {self.min_gradient:g}"
        return None


class _Trial(NamedTuple):
    """The step that an iteration ended with, and why it is the last one, if it is."""

    taken: bool
    theta: Array
    cost: float
    damping: float
    gain_ratio: float
    reason: str | None


class _Damping:
    """μ, by the rule: factors that are fixed, or that follow the gain ratio and grow with every failure in a row."""

    def __init__(self, method: LevenbergMarquardt) -> None:
        self.value = method.damping
        self._method = method
        self._growth = 2.0

    def fall(self, ratio: float) -> None:
        method = self._method
        self._growth = 2.0
        factor = method.decrease if method.rule == "fixed" else max(method.decrease, 1 - (2 * ratio - 1) ** 3)
        self.value = max(self.value * factor, _LEAST)

    def rise(self) -> None:
        if self._method.rule == "fixed":
            self.value *= self._method.increase
        else:
            self.value *= self._growth
            self._growth *= 2


#: Damping does not fall below this, from where it would take long to grow again.
_LEAST = 1e-20
