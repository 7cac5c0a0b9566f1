"""When the validation cost has stopped falling."""

from __future__ import annotations

import math

from bpframe.extend import Array, Problem

__all__ = ["Validation"]


class Validation:
    """The best parameters by the validation cost, and how many iterations have passed since.

    Without validation data nothing fails, and the last parameters are the best.
    """

    def __init__(self, problem: Problem, max_fail: int) -> None:
        self._problem = problem
        self._max_fail = max_fail
        self._fails = 0
        self._best: tuple[float, Array] | None = None
        self.failed()

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
