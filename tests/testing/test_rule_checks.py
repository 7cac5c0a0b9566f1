"""The kit takes rules as they should be, and finds each that keeps, ignores or mistakes something."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_optimizers import Momentum
from bpframe_reference import GradientDescent

from bpframe.extend import NonNegativeFloat, Optimizer, PositiveFloat, Schedule
from bpframe.testing import check_component
from tests.components.optimizers import NormalisedGradient
from tests.training.rules import Adam, Drawing, Swapping
from tests.training.test_groups import Decaying, Halving, Lars, Whole

RIGHT = [
    GradientDescent(learning_rate=0.1), Momentum(learning_rate=0.1), Adam(), Drawing(),
    Swapping(), Decaying(), Decaying(learning_rate=Halving(), decay=0.2), Whole(decay=0.1), Lars(),
]  # fmt: skip


def checked(optimizer):
    """Return the report of the checks that are about what a rule does."""
    return check_component(
        optimizer, only=["update", "purity", "elementwise", "determinism", "memory", "resuming", "schedules"]
    )


@pytest.mark.parametrize("optimizer", RIGHT, ids=lambda each: each.kind)
def test_right_rules_pass(optimizer):
    report = checked(optimizer)
    assert report.ok, str(report)


kept: dict[str, np.ndarray] = {}


class Rule(Optimizer):
    """Gradient descent in plain words."""

    pure: ClassVar[bool | None] = False

    learning_rate: PositiveFloat = 0.1

    def update(self, gradient):
        return -self.learning_rate * gradient


class KeepsTheFirst(Rule):
    """The first gradient of all is taken for good."""

    def update(self, gradient):
        if gradient.dtype.name not in kept or kept[gradient.dtype.name].shape != gradient.shape:
            kept[gradient.dtype.name] = gradient.copy()
        return -self.learning_rate * kept[gradient.dtype.name]


class KeepsTheFirstInState(Rule):
    """The first gradient is put into the state, and never replaced."""

    def initial_state(self, parameters):
        return {"gradient": np.zeros_like(parameters), "known": np.zeros(())}

    def update(self, gradient, state):
        first = state["gradient"] if state["known"] else gradient
        return -self.learning_rate * first, {"gradient": first, "known": np.ones(())}


class RemembersBesideItsState(Rule):
    """The velocity is in a dictionary of the module, by instance."""

    def update(self, gradient):
        key = id(self), gradient.dtype.name
        velocity = 0.9 * memories.get(key, np.zeros_like(gradient)) - self.learning_rate * gradient
        memories[key] = velocity
        return velocity


memories: dict[tuple[int, str], np.ndarray] = {}


class IgnoresItsState(Rule):
    def initial_state(self, parameters):
        return {"velocity": np.zeros_like(parameters)}

    def update(self, gradient, state):
        velocity = -self.learning_rate * gradient
        return velocity, {"velocity": velocity}


class IgnoresTheStep(Rule):
    def update(self, gradient, step):
        return -self.learning_rate * gradient


class ReadsTheField(Rule):
    """The field takes a schedule, and the number of it is not asked for."""

    learning_rate: PositiveFloat | Schedule = 0.1


class KeepsTheRate(Rule):
    """The first rate is taken for good."""

    learning_rate: PositiveFloat | Schedule = 0.1

    def initial_state(self):
        return {"rate": np.zeros(())}

    def update(self, gradient, state, learning_rate):
        rate = float(state["rate"]) or learning_rate
        return -rate * gradient, {"rate": np.array(rate)}


class WritesLater(Rule):
    """Writes into its state from the second step on."""

    def initial_state(self, parameters):
        return {"velocity": np.zeros_like(parameters), "steps": np.zeros(())}

    def update(self, gradient, state):
        velocity = state["velocity"] if state["steps"] else state["velocity"].copy()
        velocity *= 0.9
        velocity -= self.learning_rate * gradient
        return velocity, {"velocity": velocity, "steps": state["steps"] + 1}


class NotByEntries(Rule):
    """Says that it works entry by entry; from the third step on it divides by a norm."""

    elementwise: ClassVar[bool] = True

    def update(self, gradient, step):
        return -self.learning_rate * gradient / (np.linalg.norm(gradient) if step > 2 else 1.0)


class GrowsWithTime(Rule):
    """Overflows float32 in its sixth step."""

    def update(self, gradient, step):
        return -gradient * gradient.dtype.type(10.0) ** (8 * step)


class DrawsByItself(Rule):
    def update(self, gradient):
        return -self.learning_rate * gradient * np.random.default_rng().random(gradient.shape)


WRONG = [
    (KeepsTheFirst(), "memory", "whatever its gradient is"),
    (KeepsTheFirstInState(), "memory", "whatever its gradient is"),
    (RemembersBesideItsState(), "resuming", "ends elsewhere"),
    (IgnoresItsState(), "memory", "whatever the state is"),
    (NormalisedGradient(learning_rate=0.1), "memory", "whatever the state is"),
    (IgnoresTheStep(), "memory", "does the same at every step"),
    (ReadsTheField(), "schedules", "takes a schedule, with which update fails"),
    (KeepsTheRate(), "schedules", "only the first numbers of a schedule"),
    (WritesLater(), "purity", "writes into"),
    (NotByEntries(), "elementwise", "depends on other entries"),
    (GrowsWithTime(), "update", "not finite (float32)"),
    (DrawsByItself(), "determinism", "the second time"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("optimizer", "check", "words"), WRONG, ids=[each[0].kind for each in WRONG])
def test_wrong_rules_are_found(optimizer, check, words):
    kept.clear()
    memories.clear()
    report = checked(optimizer)
    failed = {each.check for each in report.failed}
    assert check in failed, str(report)
    assert words in str(report)


def test_a_field_that_takes_numbers_alone_is_no_failure():
    class Plain(Rule):
        momentum: NonNegativeFloat = 0.0

    assert checked(Plain()).ok
