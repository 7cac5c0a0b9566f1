"""Keeping how large errors are while a network is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, PositiveInt

from bpframe.categories.callback import Callback

__all__ = ["ErrorNorms", "error_norm"]

#: All of so many first epochs are measured; then so much of a growing training may pass in between, or so many steps.
FIRST, SHARE, STEPS = 3, 0.4, 1500

#: Below this, squares have lost what their small terms were.
SMALL = 1e-250


class ErrorNorms(Callback):
    """Keep, in the history, how large the error δ of every node is at some examples: `record.error_norms`.

        ‖δ‖ = √(Σ_n ‖∂C_n/∂v‖² / N),    v the node's value

    It is measured after epochs, with training switched off, and draws no random numbers: parameters are the same with
    it and without. Sixty examples are enough. `bpframe train` has it measure at every k-th of the training examples,
    with the k that leaves 64 of them at most.

    Shapes: x (N, *features), and y like targets, or mappings of them.
    """

    x: np.ndarray | dict[str, np.ndarray] = Field(description="The inputs of some examples, (N, *features).")
    y: np.ndarray | dict[str, np.ndarray] = Field(description="Their targets.")
    every: PositiveInt | None = Field(
        None,
        description="After how many epochs, each time. Left out: after each of the first 3, and later where there were "
        "1,500 steps since the last time, or 40 % more epochs, so that it takes less than 2 % of a long training. "
        "The last epoch is measured too.",
    )

    def after_epoch(self, network: Any, epoch: int, history: Any) -> None:
        """Measure, where it is this epoch's turn."""
        if self._turn(epoch, history):
            self._measure(network, history)

    def after_training(self, network: Any, history: Any) -> None:
        """Measure the last epoch, where the parameters are still those of its end."""
        moved = history.stopped == "interrupted" or network.training.minimizes
        if history.epochs and not history.epochs[-1].error_norms and not moved:
            self._measure(network, history)

    def _turn(self, epoch: int, history: Any) -> bool:
        if self.every is not None:
            return epoch % self.every == 0
        last = next((each.epoch for each in reversed(history.epochs) if each.error_norms), 0)
        since = epoch - last
        return epoch <= FIRST or since >= SHARE * last or since * history.steps >= STEPS * epoch

    def _measure(self, network: Any, history: Any) -> None:
        errors = network.errors(self.x, self.y)
        history.epochs[-1].error_norms = {name: error_norm(errors[name]) for name in errors}


def error_norm(error: np.ndarray) -> float:
    """Return √(Σ_n ‖δ_n‖² / N) in float64, also where the squares are too small or too large for a number.

    Shapes: error (N, *features).
    """
    flat = np.asarray(error, np.float64).reshape(-1)
    scale = 1.0
    with np.errstate(all="ignore"):
        if not SMALL < np.dot(flat, flat) < np.inf:
            largest = float(np.abs(flat).max(initial=0.0))
            if not 0.0 < largest < np.inf:
                return largest
            scale = 2.0 ** np.floor(np.log2(largest))
            flat = flat / scale
        return float(scale * np.sqrt(np.dot(flat, flat) / len(error)))
