"""Optimizers that drive themselves, tried on a small curve fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.errors import ContractError, NonFiniteError
from bpframe.testing.checks.base import Check, Failure, Setting
from bpframe.testing.small_fit import SmallFit, small_fit

__all__ = ["minimizer_checks"]

ITERATIONS = 12

#: How far a reported cost may be from that of the parameters, as a share of the cost at the start.
ROUNDING = {np.float32: 1e-5, np.float64: 1e-12}


def minimizer_checks(setting: Setting, optimizer: Optimizer) -> list[Check]:
    """Return the checks of an optimizer's minimize."""
    return [
        Check("minimize", lambda: _minimize(setting, optimizer)),
        Check("report", lambda: _report(setting, optimizer)),
        Check("stopping", lambda: _stopping(setting, optimizer)),
        Check("determinism", lambda: _repeatable(setting, optimizer)),
    ]


def _run(setting: Setting, optimizer: Optimizer, dtype: Any = np.float64, iterations: int = ITERATIONS) -> SmallFit:
    try:
        return small_fit(optimizer, setting.seed, dtype, iterations)
    except NonFiniteError as error:
        raise Failure(
            f"minimize goes to numbers that are not finite ({np.dtype(dtype).name}): {error.problem}",
            diagnosis="a step is taken without a look at its cost: take one only where objective.cost(trial) is lower",
        ) from error


def _minimize(setting: Setting, optimizer: Optimizer) -> None:
    """The cost is no higher at the end than at the start, in either precision."""
    for dtype in (np.float32, np.float64):
        run = _run(setting, optimizer, dtype)
        if not run.history.steps:
            raise Failure(
                f"minimize never moved the parameters ({np.dtype(dtype).name})",
                diagnosis="problem.parameters is a copy: problem.move_to(theta) changes the network",
            )
        _require_descent(
            run,
            ROUNDING[dtype],
            f"the cost is higher at the end than at the start ({np.dtype(dtype).name})",
            "a trial point was left as the result, or steps go along the gradient instead of against it",
        )


def _report(setting: Setting, optimizer: Optimizer) -> None:
    """Iterations are reported, each with the cost of the parameters at the time where all examples are used."""
    for dtype in (np.float32, np.float64):
        run = _run(setting, optimizer, dtype)
        if not len(run.history):
            raise Failure(
                "minimize never reports an iteration", diagnosis="problem.report(cost) is missing from its loop"
            )
        if not optimizer.batches and run.misreported > ROUNDING[dtype]:
            raise Failure(
                f"a reported cost is not that of the present parameters ({np.dtype(dtype).name})",
                rows=[("off by", f"{run.misreported:.2g} of the cost at the start")],
                diagnosis="the cost before the step is reported, or that of a trial point: move_to comes before report",
            )


def _stopping(setting: Setting, optimizer: Optimizer) -> None:
    """Where `report` returns False, minimize ends, and leaves a cost that is no higher than at the start."""
    for iterations in (1, 3):
        try:
            run = _run(setting, optimizer, iterations=iterations)
        except ContractError as error:
            if "report() returned False" not in error.problem:
                raise
            raise Failure(
                "minimize goes on after report() returned False",
                diagnosis="what report returns is ignored, so that neither epochs nor Ctrl-C end the training",
            ) from error
        message = f"stopped after {iterations}, the cost is higher than at the start"
        cause = "a trial point is left as the result where the run ends early"
        _require_descent(run, ROUNDING[np.float64], message, cause)


def _require_descent(run: SmallFit, rounding: float, message: str, cause: str) -> None:
    if not run.end <= run.start * (1 + rounding):
        raise Failure(message, cause, [("start", f"{run.start:.4g}"), ("end", f"{run.end:.4g}")])


def _repeatable(setting: Setting, optimizer: Optimizer) -> None:
    first, again = (_run(setting, optimizer).parameters.tobytes() for _ in range(2))
    if first != again:
        raise Failure(
            "the same problem gives other parameters the second time",
            diagnosis="randomness that is not from problem.generator(name), or state kept in the class",
        )
