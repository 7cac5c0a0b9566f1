"""A bank of component behaviours: what people write, and what a repeated pass has to get right or refuse."""

from __future__ import annotations

import random

import numpy as np
from bpframe_reference import Add, Dense, GradientDescent, Multiply, QuadraticCost, Sigmoid

from . import (
    branching,
    carrying,
    chance,
    costs,
    counting,
    deciding,
    deeper,
    filling,
    helpers,
    keeping,
    operators,
    outside,
    plain,
    reaching,
    rules,
    sneaking,
    spoken,
    views,
    writing,
)
from .registry import BANK, Behaviour

__all__ = [
    "BANK", "Add", "Behaviour", "Dense", "GradientDescent", "Multiply", "QuadraticCost", "Sigmoid", "branching",
    "carrying", "chance", "costs", "counting", "deciding", "deeper", "filling", "fresh", "helpers", "keeping", "left",
    "operators", "outside", "plain", "reaching", "rules", "sneaking", "spoken", "views", "writing",
]  # fmt: skip


def fresh() -> None:
    """Put everything that components remember back to where it was at first."""
    np.seterr(all="warn", under="ignore")
    for module in (helpers, keeping, counting, outside, chance, operators, costs, rules, sneaking):
        module.fresh()


def left() -> dict[str, object]:
    """Return what the components' calls left: how often they were made, and where random streams stand."""
    return {
        "global counter": counting.COUNT,
        "counters": dict(counting.counts),
        "class counter": counting.ClassCounter.calls,
        "namespace": counting.place.calls,
        "printed": counting.sink.getvalue().count("\n"),
        "log": (counting.log.count("forward"), counting.log.count("jacobian")),
        "deeper": deeper.calls[0],
        "default argument": len(helpers.seen),
        "operators": operators.made["count"],
        "costs": dict(costs.counts),
        "rules": dict(rules.counts),
        "sneaking": (sneaking.calls["count"], sneaking.called.count),
        "ticks": chance.ticks[0],
        "random": random.getstate()[1],
        "numpy.random": np.random.get_state()[1].tobytes(),  # noqa: NPY002
        "generator": str(chance.RNG.bit_generator.state),
        "refilling generator": str(keeping.RNG.bit_generator.state),
    }
