"""The kit notices what is wrong with a schedule, a metric or a component of somebody's own category."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from bpframe_reference import bpframe_examples

from bpframe.categories import Callback, Metric, Schedule
from bpframe.core.component import Component
from bpframe.core.component.category import Category, Method
from bpframe.testing import check_component

COUNTER = itertools.count()


class Counts(Callback):
    """Count epochs."""

    def initial_state(self):
        return {"epochs": [0, None]}

    def after_epoch(self, state):
        state["epochs"][0] += 1


class Slope(Schedule):
    """1 / (1 + t)."""

    def value(self, step):
        return 1 / (1 + step)


class Error(Metric):
    """The mean squared error."""

    def measure(self, prediction, target, sample_weight):
        return float(np.average(np.mean((prediction - target) ** 2, axis=1), weights=sample_weight))


class Near(Metric):
    """The share of positions at which the prediction is near: of those that count."""

    def measure(self, prediction, target, mask):
        return float(np.mean((np.abs(prediction - target) < 0.5).all(axis=-1)[mask]))


class Draws(Component, category=Category("draws", {"draw": Method({"rng"}), "give": Method()})):
    """Something of somebody's own."""


class Fair(Draws):
    """Draw from the stream."""

    def draw(self, rng):
        return rng.standard_normal(2)


def subclass(base: type[Component], **methods: Any) -> Component:
    return type(f"Wrong{base.__name__}", (base,), {"__module__": __name__, "__doc__": "Wrong on purpose.", **methods})()


WRONG = {
    "value ": (subclass(Slope, value=lambda self, step: math.log(step + 1e-300) if step < 999 else math.nan), "finite"),
    "determinism": (subclass(Slope, value=lambda self: next(COUNTER)), "it gives other numbers"),
    "measure": (subclass(Error, measure=lambda self, prediction: prediction[None]), "must return a number, or"),
    "measure   ": (subclass(Error, measure=lambda self, prediction: prediction), "depends on the number of examples"),
    "measure ": (
        subclass(Error, measure=lambda self, sample_weight: 0.0 if sample_weight is None else 1.0), "weights of 1"
    ),
    "measure  ": (
        subclass(Error, measure=lambda self, prediction, weight: float(prediction.mean())), "the weight is 0"
    ),
    "determinism ": (subclass(Error, measure=lambda self: next(COUNTER)), "another number the second time"),
    "state": (subclass(Counts, initial_state=lambda self: {"epochs": (0,)}), "no plain data"),
    "state ": (subclass(Counts, initial_state=lambda self: {"epochs": next(COUNTER)}), "else the second time"),
    "determinism[draw]": (subclass(Fair, draw=lambda self: next(COUNTER)), "draw returns something else"),
}  # fmt: skip


@pytest.mark.parametrize("check", WRONG)
def test_a_mistake_is_found_by_its_check(check: str) -> None:
    component, said = WRONG[check]
    failed = {each.check: each.message for each in check_component(component).outcomes if each.status == "failed"}
    assert said in failed[check.strip()]


@pytest.mark.parametrize("shape", [(3,), (4, 2)])
def test_a_metric_of_positions_passes(shape: tuple[int, ...]) -> None:
    report = check_component(Near(), [shape])
    assert report.ok, report.text()


@pytest.mark.parametrize(
    ("component", "checks"),
    [
        (Slope(), {"value", "determinism"}),
        (Error(), {"measure", "purity", "determinism"}),
        (Fair(), {"determinism[draw]"}),
        (Counts(), {"state"}),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_what_is_right_passes_every_check(component: Component, checks: set[str]) -> None:
    report = check_component(component)
    assert report.ok, report.text()
    assert checks <= {each.check for each in report.outcomes}


KINDS = (Schedule, Metric, Callback)
ASKED = [(each, shapes) for each, shapes in bpframe_examples() if isinstance(each, KINDS)]


@pytest.mark.parametrize(("component", "shapes"), ASKED, ids=repr)
def test_those_that_ship_with_bpframe_pass_with_nothing_skipped(component: Component, shapes: Any) -> None:
    report = check_component(component, shapes)
    assert report.ok, report.text()
    assert [each for each in report.outcomes if each.status == "skipped"] == []
