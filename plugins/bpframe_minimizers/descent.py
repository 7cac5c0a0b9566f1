"""What methods share that go down a quadratic model of the cost, one step that was taken per iteration."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, Optimizer, PositiveInt, Problem
from bpframe_minimizers.validation import Validation

__all__ = ["Descent", "Model", "Search", "Trial"]


class Model(Protocol):
    """The cost C and gradient g at the present θ, and whatever a method needs for steps from there."""

    cost: float
    gradient: Array


M = TypeVar("M", bound=Model)


class Trial(NamedTuple):
    """How an iteration ended: where it goes, the figures to report, and why it is the last one, if it is."""

    taken: bool
    theta: Array
    cost: float
    figures: dict[str, float]
    reason: str | None


class Search(ABC, Generic[M]):
    """One run of a method on one problem."""

    @abstractmethod
    def kept(self) -> dict[str, Any]:
        """Return what a run that goes on needs before the model at its θ is made, as plain data."""

    @abstractmethod
    def go_on(self, kept: dict[str, Any]) -> None:
        """Begin with what another run has kept."""

    @abstractmethod
    def model(self) -> M:
        """Return the model at the problem's present θ."""

    @abstractmethod
    def trial(self, theta: Array, model: M) -> Trial:
        """Try steps from θ until one lowers the cost, or none can."""


class Descent(Optimizer):
    """A method whose every iteration models the cost at θ, and takes a step that lowers it."""

    goal: NonNegativeFloat = Field(0.0, description="Stop where the cost is at most this.")
    min_gradient: NonNegativeFloat = Field(1e-7, description="Stop where the gradient is at most this long.")
    max_fail: PositiveInt = Field(6, description="Stop after so many iterations without a lower validation cost.")
    tolerance: NonNegativeFloat | None = Field(
        None, description="Stop where cost or parameters change by less than this share; by default by rounding alone."
    )

    def minimize(self, problem: Problem) -> None:
        """Move the parameters to a minimum of the cost; with validation data, to the best of the way there."""
        theta = problem.parameters
        search = self._search(problem, float(np.finfo(theta.dtype).eps) if self.tolerance is None else self.tolerance)
        before = problem.kept
        validation = Validation(problem, self.max_fail, before.get("validation"))
        if before:
            search.go_on(before["search"])
        kept, model = search.kept(), search.model()
        reason = before["reason"] if before else self._reached(model)
        while reason is None:
            trial = search.trial(theta, model)
            if trial.taken:
                theta = trial.theta
                problem.move_to(theta)
                kept, model = search.kept(), search.model()
            reason = trial.reason or self._reached(model)
            if validation.failed():
                reason = reason or f"no lower validation cost for {self.max_fail} iterations"
            problem.kept = {"search": kept, "validation": validation.kept(), "reason": reason}
            length = float(np.linalg.norm(model.gradient))
            if not problem.report(trial.cost, **trial.figures, gradient_norm=length):
                break
        validation.return_to_best()
        if reason is not None:
            problem.stop(reason)

    @abstractmethod
    def _search(self, problem: Problem, tolerance: float) -> Search[Any]:
        """Return a new run of the method."""

    def _reached(self, model: Model) -> str | None:
        """Return why the present point is good enough, or why no step can be taken from it."""
        length = float(np.linalg.norm(model.gradient))
        if model.cost <= self.goal:
            return f"goal {self.goal:g} reached"
        if not math.isfinite(length):
            return "the gradient is not finite"
        if length <= self.min_gradient:
            return f"gradient of length {length:.1g}, at most {self.min_gradient:g}"
        return None


def no_further(cost: float, predicted: float, moved: float, length: float, tolerance: float) -> str | None:
    """Return why a step is too small to matter: what it may gain of the cost, and how far it moves the parameters."""
    if predicted <= tolerance * cost:
        return f"the cost cannot fall by more than {tolerance:.1g} of itself"
    if moved <= tolerance * length:
        return f"the parameters would move by less than {tolerance:.1g} of themselves"
    return None
