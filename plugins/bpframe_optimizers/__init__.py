"""Optimizers that take steps, schedules, and where parameters start."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_optimizers.adagrad import Adagrad
from bpframe_optimizers.adam import Adam, Adamw
from bpframe_optimizers.lion import Lion
from bpframe_optimizers.momentum import Momentum
from bpframe_optimizers.nadam import Nadam
from bpframe_optimizers.rmsprop import Rmsprop
from bpframe_optimizers.schedules import Cosine, Step

__all__ = ["Adagrad", "Adam", "Adamw", "Cosine", "Lion", "Momentum", "Nadam", "Rmsprop", "Step"]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Adagrad,
        Adam,
        Adamw,
        Cosine,
        Lion,
        Momentum,
        Nadam,
        Rmsprop,
        Step,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Adagrad(), ()),
        (Adagrad(learning_rate=0.1, start=0.5), ()),
        (Adam(), ()),
        (Adam(learning_rate=Cosine(start=0.1, over=10), beta_1=0.0, beta_2=0.5, epsilon=0.01), ()),
        (Adamw(), ()),
        (Adamw(learning_rate=Step(start=0.1, every=3), weight_decay=0.0), ()),
        (Cosine(start=0.1, over=10, warm_up=2), ()),
        (Cosine(start=1.0, end=0.5, over=1000, by="step"), ()),
        (Lion(), ()),
        (Lion(learning_rate=0.01, weight_decay=0.3), ()),
        (Momentum(), ()),
        (Momentum(learning_rate=0.1, momentum=0.5, nesterov=True), ()),
        (Nadam(), ()),
        (Nadam(learning_rate=0.1, momentum_decay=0.5, epsilon=0.01), ()),
        (Rmsprop(), ()),
        (Rmsprop(learning_rate=0.1, alpha=0.9, momentum=0.5, centered=True), ()),
        (Step(start=1.0, every=3), ()),
    ]
