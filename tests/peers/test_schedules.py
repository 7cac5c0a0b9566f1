"""Schedules follow PyTorch's over 200 steps; where they differ, the test says where."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from bpframe_optimizers import Cosine, Exponential, OneCycle, Piecewise, Plateau, Polynomial, Step, WarmUp

from bpframe.categories.present import present_value
from bpframe.extend import History, Schedule
from bpframe.training.history import EpochRecord

STEPS = 200
peer = torch.optim.lr_scheduler

CASES: dict[str, tuple[Schedule, Callable[[Any], Any], int]] = {
    "step": (Step(start=0.1, factor=0.3, every=7), lambda o: peer.StepLR(o, 7, 0.3), STEPS),
    "exponential": (Exponential(start=0.1, factor=0.97), lambda o: peer.ExponentialLR(o, 0.97), STEPS),
    # Beyond `over` PyTorch's rises again.
    "cosine": (Cosine(start=0.1, end=0.001, over=150), lambda o: peer.CosineAnnealingLR(o, 150, 0.001), 151),
    "warm_up": (
        WarmUp(schedule=Exponential(start=0.1, factor=0.97), over=9),
        lambda o: peer.ChainedScheduler([peer.LinearLR(o, 0.1, 1.0, 9), peer.ExponentialLR(o, 0.97)]),
        STEPS,
    ),
    "one_cycle": (OneCycle(peak=0.1, over=STEPS, by="epoch"), lambda o: peer.OneCycleLR(o, 0.1, STEPS), STEPS),
    "one_cycle, fields": (
        OneCycle(peak=0.1, over=173, rise=0.45, div_factor=10, final_div_factor=100, by="epoch"),
        lambda o: peer.OneCycleLR(o, 0.1, 173, pct_start=0.45, div_factor=10, final_div_factor=100),
        173,
    ),
    "polynomial": (Polynomial(start=0.1, over=120, power=0.9), lambda o: peer.PolynomialLR(o, 120, 0.9), STEPS),
    "line": (Polynomial(start=0.1, over=STEPS), lambda o: peer.PolynomialLR(o, STEPS, 1.0), STEPS),
    "piecewise": (
        Piecewise(boundaries=(30, 80, 81), values=(0.1, 0.02, 0.004, 0.0008)),
        lambda o: peer.MultiStepLR(o, [30, 80, 81], 0.2),
        STEPS,
    ),
}


def optimizer() -> Any:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_pytorchs(name: str) -> None:
    schedule, by_torch, steps = CASES[name]
    found, expected = [], []
    other = optimizer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no step of the optimizer was taken
        theirs = by_torch(other)
        for t in range(steps):
            expected.append(other.param_groups[0]["lr"])
            found.append(present_value(schedule, 0, t))
            if not isinstance(schedule, WarmUp):
                assert present_value(schedule.model_copy(update={"by": "step"}), t, 0) == found[-1]
            if t + 1 < steps:
                theirs.step()
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("larger", [False, True])
@pytest.mark.parametrize(("patience", "cooldown"), [(0, 0), (3, 0), (2, 4), (10, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_the_plateaus_are_pytorchs(larger: bool, patience: int, cooldown: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    measured = 1 / (1 + np.arange(STEPS) / 20) + 0.05 * rng.standard_normal(STEPS)
    measured = 2 - measured if larger else measured
    schedule = Plateau(
        start=0.1, factor=0.7, patience=patience, cooldown=cooldown, larger=larger, threshold=0.01, end=1e-5,
        watch="validation_cost",
    )  # fmt: skip
    other = optimizer()
    theirs = peer.ReduceLROnPlateau(
        other, "max" if larger else "min", 0.7, patience, threshold=0.01, cooldown=cooldown, min_lr=1e-5
    )
    records = [EpochRecord(epoch=1, cost=0.0, seconds=0.0, validation_cost=each) for each in measured]
    found, expected = [], []
    for t in range(STEPS):
        expected.append(other.param_groups[0]["lr"])
        found.append(present_value(schedule, 0, t, history=partial(History, epochs=records[:t])))
        theirs.step(measured[t])
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert len(set(found)) > 1
