"""A training is kept when its interval says so, and costs little where nothing is said."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.errors import DataError, SpecError
from bpframe.training.intervals import Interval, interval_in
from bpframe.training.spec import TrainingSpec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100 steps", (100, "step")), ("1 step", (1, "step")), ("2 epochs", (2, "epoch")),
        ("10 minutes", (10, "minute")),
        ("", None), ("100", None), ("0 steps", None), ("-1 steps", None), ("1.5 epochs", None), ("2 weeks", None),
        ("1  step", None), ("steps", None), ("\u0663 steps", None),
    ],
)  # fmt: skip
def test_an_interval_is_a_number_and_a_unit(text, expected):
    assert interval_in(text) == expected
    if expected is None:
        with pytest.raises(SpecError, match="checkpoint_every cannot be"):
            TrainingSpec(optimizer=Adam(), checkpoint_every=text)
    else:
        assert TrainingSpec(optimizer=Adam(), checkpoint_every=text).checkpoint_every == text


def test_steps_and_epochs_are_counted_from_the_begin_of_the_training():
    steps, epochs = Interval("100 steps"), Interval("2 epochs")
    assert [step for step in range(1, 301) if steps.due(step, 0, False)] == [100, 200, 300]
    assert steps.due(300, 1, True)
    assert [epoch for epoch in range(1, 7) if epochs.due(9 * epoch, epoch, True)] == [2, 4, 6]
    assert not epochs.due(18, 2, False)


@pytest.mark.parametrize(("text", "writing", "pause"), [(None, 0.1, 60), (None, 10, 250), ("2 minutes", 10, 120)])
def test_by_time_keeping_costs_a_few_hundredths_at_most(text, writing, pause):
    now = [0.0]
    interval = Interval(text, clock=lambda: now[0])
    first = 120 if text else 60
    now[0] = first - 1
    assert not interval.due(1, 0, False)
    now[0] = first + 1
    assert interval.due(2, 0, False)
    interval.kept(writing)
    now[0] += pause - 1
    assert not interval.due(3, 0, False)
    now[0] += 2
    assert interval.due(4, 0, False)


def test_a_column_of_which_the_best_is_kept_must_come_to_be():
    net = bp.Network([Dense(units=1)], cost=QuadraticCost(), input_shape=(2,))
    x, y = np.ones((4, 2)), np.ones((4, 1))
    spec = TrainingSpec(optimizer=Adam(), keep_best="validation_cost")
    with pytest.raises(DataError, match="keep_best watches 'validation_cost'"):
        net.train(spec, (x, y, None))
