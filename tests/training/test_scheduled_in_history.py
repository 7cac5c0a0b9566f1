"""The history keeps what an optimizer's schedules were, epoch by epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_optimizers import Accumulated, Adam, ClipGlobalNorm, Cosine, Plateau, Step
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.training.history import History

X = np.random.default_rng(0).normal(size=(20, 2))
Y = X[:, :1]


def trained(optimizer: Any, epochs: int = 4) -> tuple[bp.Network, History]:
    net = bp.Network([Dense(units=1)], input_shape=(2,), cost=QuadraticCost(), seed=0)
    return net, net.fit(X, Y, optimizer=optimizer, epochs=epochs, batch_size=5)


def test_a_schedule_of_epochs_is_that_of_the_epoch_and_goes_on_in_the_next_training() -> None:
    rate = Cosine(start=0.3, end=0.0, over=6)
    net, history = trained(GradientDescent(learning_rate=rate))
    assert history.column("learning_rate") == [rate.value(step=0, epoch=epoch) for epoch in range(4)]
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=rate), epochs=2, batch_size=5)
    assert net.history is not None
    assert net.history.column("learning_rate") == [rate.value(step=0, epoch=epoch) for epoch in range(6)]


def test_a_schedule_of_steps_is_that_of_the_epochs_last_step() -> None:
    rate = Step(start=0.1, every=3, by="step")
    _, history = trained(Adam(learning_rate=rate))
    assert history.column("learning_rate") == [rate.value(step=4 * epoch + 3, epoch=epoch) for epoch in range(4)]


def test_a_plateau_shows_when_it_fell() -> None:
    net = bp.Network([Dense(units=1)], input_shape=(2,), cost=QuadraticCost(), seed=0)
    rate = Plateau(start=1e-12, patience=2, watch="cost", threshold=0.5)
    history = net.fit(X, Y, optimizer=GradientDescent(learning_rate=rate), epochs=6)
    found = history.column("learning_rate")
    assert found[0] == 1e-12
    assert found[-1] < 1e-12
    assert History.model_validate_json(history.model_dump_json()) == history


def test_it_is_found_in_a_rule_that_is_held_and_left_out_of_a_plain_number() -> None:
    rate = Step(start=0.1, every=2)
    _, history = trained(ClipGlobalNorm(norm=1.0, optimizer=GradientDescent(learning_rate=rate)))
    assert history.column("learning_rate") == [rate.value(step=0, epoch=epoch) for epoch in range(4)]
    rate = Step(start=0.1, every=3, by="step")
    _, history = trained(Accumulated(steps=2, optimizer=GradientDescent(learning_rate=rate)))
    counts = [2 * epoch + 1 for epoch in range(4)]  # the last of two steps in four batches
    assert history.column("learning_rate") == [rate.value(step=count, epoch=0) for count in counts]
    _, history = trained(GradientDescent(learning_rate=0.1))
    with pytest.raises(KeyError):
        history.column("learning_rate")
