"""Slower ways to a minimum that get farther: SciPy's within bounds, and optimizers that drive themselves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.curve_fitting.bounds import Bounds
from bpframe.curve_fitting.fitted_network import default_optimizer
from bpframe.curve_fitting.ways import Way
from bpframe.derivatives.curvature.factors import KroneckerFactors
from bpframe.derivatives.least_squares.linear_minimum import LinearMinimum, linear_minimum
from bpframe.derivatives.least_squares.objective import Objective
from bpframe.derivatives.points.memory import MEMORY_LIMIT
from bpframe.errors import DataError, NonFiniteError
from bpframe.training.problem import Problem
from bpframe.validation.plain_arrays import Array

__all__ = ["by_optimizer", "reflective"]

Function = Callable[[Array], Array]

#: The share of a step over which it is measured how residuals bend.
BENT = 0.1


def reflective(
    rho: Function, jacobian: Function, start: Array, bounds: Bounds, iterations: int, count: float
) -> Way:  # fmt: skip
    """Go down by SciPy's trust regions that are reflected at bounds.

    Source: Branch, Coleman and Li, A subspace, interior, and conjugate gradient method for large-scale
    bound-constrained minimization problems (1999).
    """
    from scipy.optimize import least_squares

    told, moment = 1e-15, time.perf_counter()
    found = least_squares(
        rho, start, jacobian, (bounds.low, bounds.high), "trf", told, told, told, x_scale="jac", max_nfev=iterations
    )
    theta = np.clip(found.x, bounds.low, bounds.high)
    # Of a bound that holds, trust regions stop a little short.
    for k in np.flatnonzero(found.active_mask):
        theta[k] = bounds.low[k] if found.active_mask[k] < 0 else bounds.high[k]
    costs = [(float(found.cost), moment)] * (int(found.njev or 0) + 1)
    return Way(theta, costs, "χ² cannot fall by more than rounding" if found.status > 0 else "completed", count)


def by_optimizer(
    optimizer: Optimizer | Mapping[str, Any],
    rho: Function,
    jacobian: Function,
    start: Array,
    iterations: int,
    count: float,
    name: str,
) -> Way:
    """Let an optimizer that declares `minimize` go down, or Levenberg–Marquardt with these fields.

    Errors: DataError for one that declares none; those of the optimizer.
    """
    method = optimizer if isinstance(optimizer, Optimizer) else default_optimizer(**optimizer)
    minimize = getattr(method, "minimize", None)
    if minimize is None or method.batches:
        raise DataError(
            "a plain function is fitted by a method that minimises on its own",
            expected="an optimizer such as LevenbergMarquardt(), GaussNewton(), LBFGS()",
            received=repr(method),
        )
    problem = FunctionProblem(rho, jacobian, start, iterations, count, name)
    minimize(problem)
    return Way(problem.theta, problem.costs, problem.stopped or "completed", count)


class FunctionObjective(Objective):
    """χ²/2N of residuals ρ(θ) as an optimizer asks for it: N counts values."""

    def __init__(self, rho: Function, jacobian: Function, theta: Array, count: float) -> None:
        self._rho, self._jacobian, self._theta = rho, jacobian, theta
        self._scale = 1 / math.sqrt(count)
        self.count, self.weight, self.size = math.ceil(count), float(count), len(theta)
        self._known: tuple[Array, Array, Array] | None = None

    def cost(self, parameters: Array | None = None) -> float:
        """Return C."""
        found = self._rho(self._theta if parameters is None else parameters) * self._scale
        return float(found @ found) / 2

    def gradient(self) -> tuple[float, Array]:
        """Return C and g."""
        cost, slopes, rho = self.residuals()
        return cost, slopes.T @ rho

    @property
    def residual_count(self) -> int:
        """K."""
        return len(self.residuals()[2])

    def residuals(self) -> tuple[float, Array, Array]:
        """Return C, R and ρ."""
        if self._known is None or not np.array_equal(self._known[0], self._theta):
            scale = self._scale
            self._known = self._theta.copy(), self._jacobian(self._theta) * scale, self._rho(self._theta) * scale
        _, slopes, rho = self._known
        return float(rho @ rho) / 2, slopes, rho

    def remainder(self) -> Array | None:
        """Return None: every gradient is Rᵀρ."""
        return None

    def triangular(self) -> tuple[float, Array, Array]:
        """Return C, T and t."""
        cost, slopes, rho = self.residuals()
        factor: Array = np.asarray(np.linalg.qr(np.column_stack([slopes, rho]), mode="r"))
        return cost, factor[: self.size, :-1], factor[: self.size, -1].copy()

    def linear_minimum(self) -> LinearMinimum:
        """Return the minimum of ‖ρ + RΔ‖."""
        cost, triangle, projected = self.triangular()
        return linear_minimum(math.sqrt(2 * cost), triangle, projected, self.residual_count, self._theta.copy())

    def normal_equations(self) -> tuple[float, Array, Array]:
        """Return C, G and g."""
        cost, slopes, rho = self.residuals()
        return cost, slopes.T @ slopes, slopes.T @ rho

    def residual_gram(self) -> tuple[float, Array, Array]:
        """Return C, R Rᵀ and ρ."""
        cost, slopes, rho = self.residuals()
        return cost, slopes @ slopes.T, rho

    def diagonal(self) -> Array:
        """Return the diagonal of G."""
        return np.asarray(np.square(self.residuals()[1]).sum(axis=0))

    def residual_operator(self) -> tuple[float, Any, Array]:
        """Return C, R as an operator, and ρ."""
        from scipy.sparse.linalg import aslinearoperator

        cost, slopes, rho = self.residuals()
        return cost, aslinearoperator(slopes), rho

    def bending(self, step: Array) -> Array:
        """Return Rᵀ ρ̈ along a step v, ρ̈ ≈ 2/h² (ρ(θ + hv) − ρ(θ) − h R v), without what is rounding."""
        _, slopes, rho = self.residuals()
        ahead = self._rho(self._theta + BENT * step) * self._scale
        bent = ahead - rho - BENT * (slopes @ step)
        bent[np.abs(bent) <= 8 * np.finfo(np.float64).eps * (np.abs(ahead) + np.abs(rho))] = 0
        return slopes.T @ (bent * (2 / BENT**2))

    def kronecker_factors(self, samples: int | None, seed: int) -> KroneckerFactors:
        """Refuse: a plain function has no layers."""
        raise DataError("a plain function has no layers for Kronecker factors", hint="LevenbergMarquardt()")

    def by_path(self, vector: Array) -> Mapping[str, Array]:
        """Return all parameters under one name."""
        return {"parameters": vector}


class FunctionProblem(Problem):
    """A fit of a plain function as `minimize` sees it; `costs` are what it reported."""

    def __init__(
        self, rho: Function, jacobian: Function, start: Array, iterations: int, count: float, name: str
    ) -> None:
        self.theta, self.iterations, self.memory_limit = start.copy(), iterations, MEMORY_LIMIT
        self.objective = FunctionObjective(rho, jacobian, self.theta, count)
        self.costs = [(self.objective.cost() * count, time.perf_counter())]
        self.stopped, self.kept = "", {}
        self._count, self._name = count, name

    @property
    def parameters(self) -> Array:
        """The present θ, as a copy."""
        return self.theta.copy()

    def move_to(self, parameters: Array) -> None:
        """Make this the present θ."""
        if not np.isfinite(parameters).all():
            raise NonFiniteError(f"the optimizer moves {self._name} to parameters that are not finite")
        self.theta[:] = parameters

    def batches(self) -> Iterator[Objective]:
        """Yield all values at once."""
        yield self.objective

    def validation_cost(self) -> float | None:
        """Return None: there are no such data."""
        return None

    def report(self, cost: float, **figures: float) -> bool:
        """Record an iteration."""
        self.costs.append((float(cost) * self._count, time.perf_counter()))
        return len(self.costs) <= self.iterations

    def stop(self, reason: str) -> None:
        """Record why the method ended."""
        self.stopped = reason

    def generator(self, name: str) -> np.random.Generator:
        """Return a random stream."""
        return np.random.default_rng(0)
