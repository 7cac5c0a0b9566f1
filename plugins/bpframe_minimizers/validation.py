"""When the validation cost has stopped falling."""

from __future__ import annotations

import math
from typing import Any

from bpframe.extend import Array, Problem

__all__ = ["Validation"]


class Validation:
    """The best parameters by the validation cost, and how many iterations have passed since.

    Without validation data nothing fails, and the last parameters are the best.
    """

    def __init__(self, problem: Problem, max_fail: int, kept: dict[str, Any] | None = None) -> None:
        self._problem = problem
        self._max_fail = max_fail
        self._fails = 0
        self._best: tuple[float, Array] | None = None
        if kept is None:
            self.failed()
        elif kept:
            self._fails, self._best = kept["fails"], (kept["cost"], kept["parameters"])

    def kept(self) -> dict[str, Any]:
        """Return what a run that goes on begins with; nothing without validation data."""
        if self._best is None:
            return {}
        return {"fails": self._fails, "cost": self._best[0], "parameters": self._best[1]}

    def failed(self) -> bool:
        """Measure the present θ; return whether the cost was no better for `max_fail` iterations in a row."""
        cost = self._problem.validation_cost()
        if cost is None:
            return False
        cost = math.inf if math.isnan(cost) else cost
        if self._best is None or cost < self._best[0]:
            self._best, self._fails = (cost, self._problem.parameters), 0
        else:
            self._fails += 1
        return self._fails >= self._max_fail

    def return_to_best(self) -> None:
        """Move back to the parameters with the best validation cost."""
        if self._best is not None and self._fails:
            self._problem.move_to(self._best[1])
