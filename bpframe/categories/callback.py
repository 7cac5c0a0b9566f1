"""Callbacks: what is done beside training, between its epochs."""

from __future__ import annotations

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Callback"]

_CALLBACK = Category(
    "callback",
    {
        "after_epoch": Method({"network", "epoch", "history"}, required=True),
        "before_training": Method({"network", "history"}),
        "after_training": Method({"network", "history"}),
    },
    suffix="Callback",
    example="StopEarly(patience=5)",
    written="{kind: stop_early, patience: 5}",
    keeping="what lasts from epoch to epoch is in the history",
)


class Callback(Component, category=_CALLBACK):
    """Something to do after each epoch of a training: look, write down, or end it.

    `after_epoch(self, ...)`
        Called when an epoch is over and measured. It may ask for `network`, `epoch` (how many are over, 1 after the
        first) and `history`, which ends with this epoch's record. `raise StopIteration("good enough")` ends the
        training, with these words as the history's `stopped`.
    `before_training(self, ...)`, `after_training(self, ...)`
        Optional. Called before the first step and after the last, with `network` and `history`.

    Callbacks are called in order, and what they return is not looked at. Any other error of theirs ends the training.
    """
