"""The kit tries optimizers that drive themselves, and names the usual mistakes."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np
import pytest

from bpframe.errors import ComponentCheckFailed
from bpframe.extend import Optimizer, Problem
from bpframe.testing import check_component
from bpframe.testing.mutation.mutating import mutate_component
from bpframe.verification import verify_optimizer


class Descent(Optimizer):
    """Steps along the gradient that are halved until the cost falls."""

    def minimize(self, problem: Problem) -> None:
        while True:
            cost, gradient = problem.objective.gradient()
            theta, length = problem.parameters, 1.0
            while not problem.objective.cost(theta - length * gradient) < cost:
                length /= 2
                if length < 1e-9:
                    return problem.stop("no lower cost")
            problem.move_to(theta - length * gradient)
            if not problem.report(problem.objective.cost(), length=length):
                return None


class MiniBatches(Optimizer):
    """A pass of plain steps."""

    batches: ClassVar[bool] = True

    def minimize(self, problem: Problem) -> None:
        going_on = True
        while going_on:
            costs = []
            for batch in problem.batches():
                cost, gradient = batch.gradient()
                problem.move_to(problem.parameters - 0.1 * gradient)
                costs.append(cost)
            going_on = problem.report(float(np.mean(costs)))


class NeverReports(Optimizer):
    def minimize(self, problem):
        _, gradient = problem.objective.gradient()
        problem.move_to(problem.parameters - 0.01 * gradient)


class NeverReportsButStops(NeverReports):
    def minimize(self, problem):
        super().minimize(problem)
        problem.stop("done")


class IgnoresReport(Optimizer):
    def minimize(self, problem):
        for _ in range(100):
            problem.report(problem.objective.cost())


class ReportsTheCostBefore(Optimizer):
    def minimize(self, problem):
        while True:
            cost, gradient = problem.objective.gradient()
            problem.move_to(problem.parameters - 0.01 * gradient)
            if not problem.report(cost):
                return


class Uphill(Optimizer):
    def minimize(self, problem):
        going_on = True
        while going_on:
            _, gradient = problem.objective.gradient()
            problem.move_to(problem.parameters + 0.01 * gradient)
            going_on = problem.report(problem.objective.cost())


class Explodes(Optimizer):
    def minimize(self, problem):
        going_on = True
        while going_on:
            _, gradient = problem.objective.gradient()
            problem.move_to(problem.parameters - 1e30 * gradient)
            going_on = problem.report(problem.objective.cost())


class WritesIntoTheCopy(Optimizer):
    def minimize(self, problem):
        _, gradient = problem.objective.gradient()
        problem.parameters[:] -= 0.01 * gradient
        problem.report(problem.objective.cost())


class LeavesATrial(Descent):
    def minimize(self, problem):
        super().minimize(problem)
        problem.move_to(problem.parameters + 10)


class DrawsByItself(Optimizer):
    calls: ClassVar[list[int]] = []

    def minimize(self, problem):
        self.calls.append(1)
        _, gradient = problem.objective.gradient()
        problem.move_to(problem.parameters - 1e-3 / len(self.calls) * gradient)
        problem.report(problem.objective.cost())


class Float64Only(Descent):
    def minimize(self, problem):
        assert problem.parameters.dtype == np.float64
        super().minimize(problem)


@pytest.mark.parametrize("optimizer", [Descent(), MiniBatches()], ids=lambda each: each.kind)
def test_what_is_right_passes(optimizer):
    report = check_component(optimizer)
    assert report.ok, report.text()
    assert {"minimize", "report", "stopping", "determinism"} <= {each.check for each in report.passed}
    verify_optimizer(optimizer)


@pytest.mark.parametrize(
    ("optimizer", "check", "said"),
    [
        (NeverReports, "minimize", "ended without a report"),
        (NeverReportsButStops, "report", r"problem\.report\(cost\) is missing"),
        (IgnoresReport, "stopping", "what report returns is ignored"),
        (ReportsTheCostBefore, "report", "the cost before the step"),
        (Uphill, "minimize", "along the gradient instead of against it"),
        (Explodes, "minimize", "a look at its cost"),
        (WritesIntoTheCopy, "minimize", "problem.parameters is a copy"),
        (LeavesATrial, "stopping", "left as the result where the run ends early"),
        (DrawsByItself, "determinism", "not from problem.generator"),
        (Float64Only, "minimize", "AssertionError"),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else None,
)
def test_a_usual_mistake_is_named(optimizer, check, said):
    report = check_component(optimizer())
    failed = {each.check: f"{each.message} {each.diagnosis}" for each in report.failed}
    assert check in failed, report.text()
    assert re.search(said, failed[check]), failed[check]


def test_a_network_that_verifies_refuses_it():
    with pytest.raises(ComponentCheckFailed, match="uphill"):
        verify_optimizer(Uphill())


def test_there_is_no_jacobian_to_make_false():
    assert not mutate_component(Descent(), (), 0).has_jacobian
