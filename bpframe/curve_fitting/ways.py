"""Ways to a minimum of ‖ρ(θ)‖² for few parameters: MINPACK's, and one within bounds.

Both are quick; neither is believed. Whether they ended at a minimum is judged afterwards.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpframe.curve_fitting.bounds import Bounds
from bpframe.training.history import EpochRecord, History
from bpframe.validation.plain_arrays import Array

__all__ = ["Way", "minpack", "within_bounds"]

EPS = float(np.finfo(np.float64).eps)

#: How near a loose end is, in standard errors.
NEARLY = 1e-4

#: Why MINPACK ends, by its numbers.
REASONS = {
    1: "χ² cannot fall by more than rounding",
    2: "the parameters would move by less than rounding",
    3: "neither χ² nor the parameters can change by more than rounding",
    4: "the residuals are at right angles to all columns of their Jacobian",
    5: "completed",
    6: "χ² cannot fall by more than rounding",
    7: "the parameters would move by less than rounding",
    8: "the residuals are at right angles to all columns of their Jacobian",
}


@dataclass(frozen=True)
class Way:
    """Where a method ended: θ, what χ²/2 was after each iteration with the seconds that it took, and why it ended."""

    theta: Array
    costs: list[tuple[float, float]]
    stopped: str
    values: float

    @cached_property
    def history(self) -> History:
        """The iterations, as those of a training."""
        told, before = [], self.costs[0][1] if self.costs else 0.0
        for number, (cost, moment) in enumerate(self.costs[1:], start=1):
            told.append(EpochRecord(epoch=number, cost=cost / self.values, seconds=max(0.0, moment - before)))
            before = moment
        return History(epochs=told, stopped=self.stopped, steps=len(told))


class _Enough(Exception):
    """The iterations that were asked for are over."""


def minpack(
    rho: Callable[[Array], Array],
    jacobian: Callable[[Array], Array] | None,
    start: Array,
    iterations: int,
    count: float,
    loose: bool = False,
) -> Way:
    """Go down by MINPACK's Levenberg–Marquardt, with forward differences where there is no Jacobian of ρ.

    With a `loose` end, where a step to the minimum of the linear model finds the last digits, as rough slopes do not.

    Source: J. J. Moré, The Levenberg-Marquardt algorithm: implementation and theory (1978).
    """
    from scipy.optimize import leastsq

    costs: list[tuple[float, float]] = []
    last = [np.inf]
    best = [start]

    def residual(theta: Array) -> Array:
        found = rho(theta)
        last[0] = float(found @ found) / 2
        if jacobian is None and (not costs or last[0] < costs[-1][0]):
            costs.append((last[0], time.perf_counter()))
        return found

    def slopes(theta: Array) -> Array:
        costs.append((last[0], time.perf_counter()))
        best[0] = theta.copy()
        if len(costs) > iterations + 2:  # one is asked for before the first step, and one by SciPy itself
            raise _Enough
        return jacobian(theta).T  # type: ignore[misc]

    size = len(start)
    # χ² falls by about p/n of itself over a standard error.
    least = (NEARLY**2 * size / count, NEARLY**2) if loose else (EPS, EPS)
    limit = min(100 * iterations, 2**30) if jacobian is not None else (iterations + 1) * (size + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theta, _, told, _, reason = leastsq(
                residual, start, Dfun=None if jacobian is None else slopes, full_output=True, col_deriv=True,
                ftol=least[0], xtol=least[1], gtol=0.0, maxfev=limit,
            )  # fmt: skip
    except _Enough:
        return Way(best[0], costs[1:-1], "completed", count)
    fvec = told["fvec"]
    if jacobian is not None:
        costs = costs[1:]
    costs.append((float(fvec @ fvec) / 2, time.perf_counter()))
    return Way(np.asarray(theta), costs, REASONS.get(reason, "completed"), count)


def within_bounds(
    rho: Callable[[Array], Array],
    jacobian: Callable[[Array], Array],
    start: Array,
    bounds: Bounds,
    iterations: int,
    count: float,
) -> Way:
    """Go down by Levenberg–Marquardt with steps that are cut off at bounds, among the parameters that none holds.

        min ‖ρ + JΔ‖² + μ ‖DΔ‖²,    θ ← min(max(θ + Δ, low), high)

    Source: Kanzow, Yamashita and Fukushima, Levenberg–Marquardt methods with strong local convergence properties for
    solving nonlinear equations with convex constraints (2004).
    """
    theta, damping, growth = start.copy(), 1e-3, 2.0
    residual = rho(theta)
    cost, scale = float(residual @ residual) / 2, np.zeros(len(theta))
    costs = [(cost, time.perf_counter())]
    while len(costs) <= iterations:
        slopes = jacobian(theta)
        if not np.isfinite(slopes).all():
            return Way(theta, costs, "the slopes of the residuals are not finite here", count)
        gradient = slopes.T @ residual
        free = ~bounds.holding(theta, gradient)
        if not free.any():
            return Way(theta, costs, "every parameter is held by a bound", count)
        scale = np.maximum(scale, np.linalg.norm(slopes, axis=0))
        unit = np.where(scale > 0, scale, 1.0)
        factor: Array = np.asarray(np.linalg.qr(np.column_stack([slopes[:, free] / unit[free], residual]), mode="r"))
        stopped = ""
        while True:
            moved = theta.copy()
            moved[free] = moved[free] + _damped(factor, damping) / unit[free]
            moved = np.minimum(np.maximum(moved, bounds.low), bounds.high)
            step = moved - theta
            linear = slopes @ step
            predicted = -float(gradient @ step) - 0.5 * float(linear @ linear)
            if not abs(predicted) > EPS * cost:
                stopped = REASONS[1]
            elif float(np.linalg.norm(step * unit)) <= EPS * float(np.linalg.norm(theta * unit)):
                stopped = REASONS[2]
            tried = rho(moved)
            new = float(tried @ tried) / 2
            ratio = (cost - new) / predicted if predicted > 0 else 0.0
            if new < cost and (ratio > 1e-4 or stopped):
                break
            if stopped or damping > 1e20:
                return Way(theta, costs, stopped or "damping above 1e+20", count)
            damping *= growth
            growth *= 2
        theta, residual, cost = moved, tried, new
        costs.append((cost, time.perf_counter()))
        if stopped:
            return Way(theta, costs, stopped, count)
        damping, growth = max(damping * max(0.1, 1 - (2 * ratio - 1) ** 3), 1e-20), 2.0
    return Way(theta, costs, "completed", count)


def _damped(factor: Array, damping: float) -> Array:
    """Return the step from the triangular factor of [J ρ], by a QR decomposition of [R; √μ]."""
    size = factor.shape[1] - 1
    stacked = np.vstack([factor, np.zeros((size, size + 1))])
    stacked[len(factor) :, :size][np.diag_indices(size)] = np.sqrt(damping)
    upper: Array = np.asarray(np.linalg.qr(stacked, mode="r"))
    return np.asarray(np.linalg.solve(upper[:size, :size], -upper[:size, size]))
