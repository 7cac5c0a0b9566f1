"""Fits of plain functions: from what a user writes to a `CurveFit`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.curve_fitting.bounds import Bounds, bounds_of
from bpframe.curve_fitting.covariance import ILL_CONDITIONED, Covariance, parameter_covariance
from bpframe.curve_fitting.curves import Data
from bpframe.curve_fitting.first_call import check_start, require_finite
from bpframe.curve_fitting.formula import Formula, formula_of
from bpframe.curve_fitting.other_ways import by_optimizer, reflective
from bpframe.curve_fitting.residuals import Values, kept_points, values_of
from bpframe.curve_fitting.slopes import Slopes
from bpframe.curve_fitting.verdict import Verdict, axis_far_from_zero, is_exact, silent
from bpframe.curve_fitting.ways import Way, minpack, within_bounds
from bpframe.derivatives.least_squares.linear_minimum import linear_minimum
from bpframe.errors import DataError
from bpframe.machine.logs import logger_of
from bpframe.validation.plain_arrays import Array

__all__ = ["FunctionFit", "fit_function"]

_LOG = logger_of(__name__)

#: So few standard errors from the minimum, one step reaches it with all digits.
SETTLED = 1e-5


@dataclass(frozen=True)
class FunctionFit:
    """Where the fit of a function ended, what is thought of it, and what it was a fit of."""

    formula: Formula
    values: Values
    start: Array
    way: Way
    verdict: Verdict
    residuals: Array
    retried: str
    points: list[Array]
    bounds: Bounds | None
    declared: Callable[..., Any] | None
    kept: Array
    data: Data


class _Problem:
    """ρ(θ) and its Jacobian for a formula at points."""

    def __init__(self, formula: Formula, points: list[Array], values: Values, slopes: Slopes) -> None:
        self.formula, self.points, self.values, self.slopes = formula, points, values, slopes

    def rho(self, theta: Array) -> Array:
        """Return W (f − y): its sign is that of the Jacobian."""
        try:
            found = np.asarray(self.formula.call(self.points, self.formula.values(theta)), np.float64)
        except Exception as error:
            told = ", ".join(f"{name} = {value:.6g}" for name, value in zip(self.formula.entries, theta, strict=True))
            error.add_note(f"at {told}; bounds={{...}} keep a fit where {self.formula.name} can be computed")
            raise
        return self.values.whitened(found.reshape(-1) - self.values.y)

    def cost(self, theta: Array) -> float:
        """Return χ²/2 anywhere that differences may look."""
        found = self.values.whitened(self.slopes.value(theta) - self.values.y)
        return float(found @ found) / 2

    def jacobian(self, theta: Array) -> Array:
        """Return W ∂f/∂θ for a step."""
        found = self.slopes.checked(theta)[0] if self.slopes.quick is None else self.slopes.quick(theta)
        return self.values.whitened(found)

    def rough_jacobian(self, theta: Array) -> Array:
        """Return it to some digits, where nothing quick has more."""
        return self.values.whitened(self.slopes.rough(theta))


def fit_function(
    function: Callable[..., Any],
    x: Any,
    y: Any,
    start: Any,
    sigma: Any,
    absolute_sigma: bool,
    sample_weight: Any,
    optimizer: Optimizer | None,
    iterations: int,
    bounds: Any,
    fixed: Any,
    jacobian: Callable[..., Any] | None,
) -> FunctionFit:
    """Fit a function's parameters, and judge where that ended. Arguments and errors are those of `fit_curve`."""
    formula = formula_of(function, x, start, fixed)
    limits = bounds_of(bounds, formula)
    if limits is not None and optimizer is not None:
        raise DataError(
            "a method that keeps to bounds is chosen by itself", received=repr(optimizer), hint="no optimizer"
        )
    x, y, sigma, sample_weight, kept = kept_points(x, y, sigma, sample_weight)
    values, points = values_of(y, sigma, sample_weight), formula.arranged(x)
    for name, array in zip(formula.points, points, strict=True):
        require_finite(name, array)
    theta = np.concatenate([value.reshape(-1) for value in formula.start.values()])
    if len(theta) > min(values.count, values.y.size):
        raise DataError(
            "there are fewer values than parameters, so that no fit is determined",
            expected=f"{len(theta)} values at least, for {', '.join(formula.entries)}",
            received=f"{min(values.count, values.y.size)}",
            hint="fix some: fixed={'" + formula.entries[-1].partition("[")[0] + "': ...}",
        )
    if jacobian is not None and not callable(jacobian):
        raise DataError(
            "jacobian is no function", expected="jacobian(x, a, b) like the model", received=repr(jacobian)[:60]
        )
    slopes = Slopes(formula, points, jacobian, limits)
    problem = _Problem(formula, points, values, slopes)
    with np.errstate(all="ignore"):
        check_start(formula, points, values, theta)
        slopes.begin(theta, values.shape)
        way, verdict, retried = _best(problem, theta, limits, optimizer, iterations, absolute_sigma)
        residuals = values.y - np.asarray(formula.call(points, formula.values(way.theta)), float).reshape(-1)
    return FunctionFit(
        formula, values, theta, way, verdict, residuals, retried, points, limits, jacobian, kept, Data(x, y, sigma)
    )


def _best(
    problem: _Problem, start: Array, bounds: Bounds | None, optimizer: Optimizer | None, iterations: int, absolute: bool
) -> tuple[Way, Verdict, str]:
    """Return the first way that ended at a minimum, or the one that came lowest, and what to tell of the others."""
    found: list[tuple[Way, Verdict]] = []
    for way_of in _ways(problem, start, bounds, optimizer, iterations):
        way = way_of()
        verdict = _judged(problem, way.theta, start, bounds, absolute)
        if bounds is None and optimizer is None:
            way, verdict = _settled(problem, start, way, verdict, iterations, absolute)
        found.append((way, verdict))
        if verdict.converged or way.stopped in ("completed", "interrupted"):
            break
    way, verdict = min(found, key=lambda each: (not each[1].converged, _or_infinite(each[1].minimum.size)))
    others = [each for each, _ in found if each is not way]
    if others:
        _LOG.info("fit of %s: %d other ways ended at no minimum", problem.formula.name, len(others))
    return way, verdict, "; ".join(f"another way ended after {len(each.costs) - 1} iterations" for each in others)


def _or_infinite(size: float) -> float:
    return np.inf if np.isnan(size) else size


def _ways(
    problem: _Problem, start: Array, bounds: Bounds | None, optimizer: Optimizer | None, iterations: int
) -> list[Callable[[], Way]]:
    count = problem.values.count
    if bounds is not None:
        return [
            lambda: within_bounds(problem.rho, problem.rough_jacobian, start, bounds, iterations, count),
            lambda: reflective(problem.rho, problem.rough_jacobian, start, bounds, iterations, count),
        ]
    named = problem.formula.name
    if optimizer is not None:
        problem.slopes.checked(start)  # a way that the function does not go is not asked for again
        return [lambda: by_optimizer(optimizer, problem.rho, problem.jacobian, start, iterations, count, named)]
    slopes = problem.slopes
    quick, loose = None if slopes.quick is None else problem.rough_jacobian, slopes.rough != slopes.quick
    return [
        lambda: minpack(problem.rho, quick, start, iterations, count, loose and quick is not None),
        lambda: by_optimizer({}, problem.rho, problem.jacobian, start, iterations, count, named),
        lambda: by_optimizer(
            {"scaling": "start", "acceleration": 0.75}, problem.rho, problem.jacobian, start, iterations, count, named
        ),
    ]


def _settled(
    problem: _Problem, start: Array, way: Way, verdict: Verdict, iterations: int, absolute: bool
) -> tuple[Way, Verdict]:
    """Return where a way on rough slopes ends with slopes of all digits: a step further, or more."""
    slopes, found = problem.slopes, verdict.minimum
    left = iterations - len(way.costs) + 1
    if slopes.rough == slopes.quick or verdict.held or not 0 < found.offset < 1 or way.stopped == "completed":
        return way, verdict
    if found.offset > SETTLED and slopes.quick is not None and left > 0 and not verdict.exact:
        end = minpack(problem.rho, problem.jacobian, way.theta, left, way.values)
        way = Way(end.theta, [*way.costs, *end.costs[1:]], end.stopped, way.values)
        return way, _judged(problem, way.theta, start, None, absolute)
    theta = way.theta + found.step
    residual = problem.rho(theta)
    cost = float(residual @ residual) / 2
    if not cost <= way.costs[-1][0] * (1 + 1e-9):
        return way, verdict
    return Way(theta, [*way.costs[:-1], (cost, way.costs[-1][1])], way.stopped, way.values), verdict


def _judged(problem: _Problem, theta: Array, start: Array, bounds: Bounds | None, absolute: bool) -> Verdict:
    """Return the verdict on θ, from a Jacobian that is compared with the function."""
    values, names = problem.values, problem.formula.entries
    rho = problem.rho(theta)
    held = np.zeros(len(theta), bool)
    slopes, doubt = problem.slopes.checked(theta)
    jacobian = values.whitened(slopes)
    if bounds is not None:
        held = bounds.holding(theta, jacobian.T @ rho)
    free = ~held
    with np.errstate(all="ignore"):
        factor: Array = np.asarray(np.linalg.qr(np.column_stack([jacobian[:, free], rho]), mode="r"))
    kept = int(free.sum())
    size = float(np.linalg.norm(rho))
    minimum = linear_minimum(size, factor[:kept, :kept], factor[:kept, kept], values.count, theta[free])  # type: ignore[arg-type]
    some = tuple(name for name, one in zip(names, free, strict=True) if one)
    uncertainty = parameter_covariance(minimum, 1.0, some, absolute)
    y = values.whitened(values.y)

    def cost(part: Array) -> float:
        whole = theta.copy()
        whole[free] = part if bounds is None else np.clip(part, bounds.low[free], bounds.high[free])
        return problem.cost(whole)

    return Verdict(
        minimum,
        uncertainty if free.all() else among_all(uncertainty, names, free),
        exact=is_exact(minimum, np.sqrt(values.total_square), float(np.linalg.norm(y))),
        silent=silent(some, minimum, lambda: np.linalg.norm(problem.jacobian(start)[:, free], axis=0), cost),
        far=_far(problem) if uncertainty.entangled or uncertainty.condition > ILL_CONDITIONED else None,
        held=tuple(name for name, one in zip(names, held, strict=True) if one),
        doubts=(doubt,) if doubt else (),
    )


def among_all(found: Covariance, names: tuple[str, ...], free: Array) -> Covariance:
    """Return the covariance of some parameters as that of all: NaN for those that a bound holds."""
    size = len(names)
    matrix, root = np.full((size, size), np.nan), np.zeros((size, found.root.shape[1]))
    unknown, scale = np.zeros((size, found.free.shape[1])), np.ones(size)
    matrix[np.ix_(free, free)], root[free], unknown[free], scale[free] = (
        found.matrix, found.root, found.free, found.scale,
    )  # fmt: skip
    return replace(found, names=names, matrix=matrix, root=root, free=unknown, scale=scale)


def _far(problem: _Problem) -> str | None:
    count = problem.values.shape[0]
    arrays = {
        name: array if len(array) == count else array.T
        for name, array in zip(problem.formula.points, problem.points, strict=True)
        if array.ndim and array.size
    }
    return axis_far_from_zero(arrays)
