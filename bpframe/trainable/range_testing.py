"""A learning-rate range test: a few steps of a copy of the network, each at a higher rate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.categories import Constraint, Optimizer
from bpframe.categories.holding import held_by
from bpframe.core.backprop.engine import Engine
from bpframe.core.graph.randomness import stream
from bpframe.errors import DataError, NonFiniteError, SpecError
from bpframe.training.batches import Batches, Samples, count_of
from bpframe.training.range_test import RangeTest, smoothed_costs
from bpframe.training.spec import TrainingSpec
from bpframe.training.stepping import Carried, require_trained

__all__ = ["range_test"]

#: How many times its least the smoothed cost is when the test ends.
DIVERGED = 4.0


def range_test(
    engine: Engine, spec: TrainingSpec, samples: Samples, smallest: float, largest: float, steps: int
) -> RangeTest:
    """Take the steps on an engine that is trained by nobody else, and return what they cost.

    Errors: SpecError (the optimizer has no learning rate, or a group one of its own), DataError.
    """
    for name, value in (("smallest", smallest), ("largest", largest)):
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
            raise DataError(f"{name} is no learning rate", expected="a positive number", received=repr(value))
    if smallest >= largest:
        raise DataError("the rates do not rise", expected="smallest < largest", received=f"{smallest:g}, {largest:g}")
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 2:
        raise DataError("steps are too few", expected="an integer from 2 on", received=repr(steps))
    if any("learning_rate" in fields for fields in (spec.groups or {}).values()):
        raise SpecError("groups have learning rates of their own", hint="leave them out for the range test")
    require_trained(engine.held)
    rates = smallest * (largest / smallest) ** (np.arange(steps) / (steps - 1))
    rules = [_at_rate(spec, float(rate)) for rate in rates]
    order = stream(engine.seed, "range test") if spec.shuffle else None
    batches = Batches(samples, spec.examples_per_step(count_of(samples)), order)
    costs, stopped = _costs(engine, rules, spec.constraints or {}, batches)
    return RangeTest(rates[: len(costs)], costs, smoothed_costs(costs), stopped)


def _costs(
    engine: Engine, rules: list[TrainingSpec], constraints: Mapping[str, Constraint], batches: Batches
) -> tuple[np.ndarray[Any, Any], str]:
    carried, costs, endless = Carried(), list[float](), itertools.chain.from_iterable(itertools.repeat(batches))
    with engine.lane() as lane:
        for rule, (inputs, targets) in zip(rules, endless, strict=False):
            stepper = carried.stepper(engine, rule.optimizer, rule.optimizers, lane, constraints)
            count = len(next(iter(inputs.values())))
            try:
                cost = stepper.step_or_go_back(engine, lane, inputs, targets, count, None) / count
            except NonFiniteError:
                return np.array(costs), "not finite"
            costs.append(cost)
            smoothed = smoothed_costs(np.array(costs))
            if smoothed[-1] > DIVERGED * smoothed.min() > 0:
                return np.array(costs), "diverged"
    return np.array(costs), "completed"


def _at_rate(spec: TrainingSpec, rate: float) -> TrainingSpec:
    """Return a specification whose optimizer has this learning rate."""
    optimizer = _with_rate(spec.optimizer, rate)
    if optimizer is None or spec.minimizes:
        kind = spec.optimizer.kind
        raise SpecError(f"{kind} has no learning rate to be tested", expected="a rule with a field learning_rate")
    fields = {name: getattr(spec, name) for name in type(spec).model_fields}
    return TrainingSpec(**{**fields, "optimizer": optimizer})


def _with_rate(optimizer: Optimizer, rate: float) -> Optimizer | None:
    """Return a copy with this rate, in the optimizer or where it holds one that has it; None where none has."""
    fields = {name: getattr(optimizer, name) for name in type(optimizer).model_fields}
    if "learning_rate" in fields:
        return type(optimizer)(**{**fields, "learning_rate": rate})
    for field, inner in held_by(optimizer).items():
        found = _with_rate(inner, rate)
        if found is not None:
            return type(optimizer)(**{**fields, field: found})
    return None
