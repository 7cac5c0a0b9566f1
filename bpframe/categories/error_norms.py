"""Keeping how large errors are while a network is trained."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
from pydantic import Field, PositiveInt

from bpframe.categories.callback import Callback
from bpframe.errors import DataError

__all__ = ["ErrorNorms", "error_norm"]

#: All of so many first epochs are measured; then so much of a growing training may pass in between, or so many steps.
FIRST, SHARE, STEPS = 3, 0.4, 1500

#: Below this, squares have lost what their small terms were.
SMALL = 1e-250


class ErrorNorms(Callback):
    """Keep, in the history, how large the error δ of every node is at some examples: `record.error_norms`.

        ‖δ‖ = √(Σ_n ‖∂C_n/∂v‖² / N),    v the node's value

    It is measured after epochs, with training switched off, and draws no random numbers: parameters are the same with
    it and without. Sixty examples are enough: those of the training, where none are given. With `gradients` the size of
    ∂C/∂p of every parameter p is kept too, of the mean cost over them: `record.gradient_norms`.

    Shapes: x (N, *features), and y like targets, or mappings of them.
    """

    x: np.ndarray | dict[str, np.ndarray] | None = Field(
        None,
        description="The inputs of some examples, (N, *features). Left out: every k-th of the training's, 64 at most.",
    )
    y: np.ndarray | dict[str, np.ndarray] | None = Field(None, description="Their targets.")
    every: PositiveInt | None = Field(
        None,
        description="After how many epochs, each time. Left out: after each of the first 3, and later where there were "
        "1,500 steps since the last time, or 40 % more epochs, so that it takes less than 2 % of a long training. "
        "The last epoch is measured too.",
    )

    gradients: bool = Field(False, description="Whether the size of every parameter's gradient is kept too.")

    def before_training(self, network: Any, examples: Any) -> None:
        """Refuse examples that cannot be measured."""
        with np.errstate(all="ignore"):
            network.cost(*self._examples(examples))

    def after_epoch(self, network: Any, epoch: int, history: Any, examples: Any, state: dict[str, Any]) -> None:
        """Measure, where it is this epoch's turn."""
        if self._turn(epoch, history, state.get("measured", 0)):
            self._measure(network, history, examples)
            state["measured"] = epoch
        state["parameters"] = crc32(network.parameters.vector)

    def after_training(self, network: Any, history: Any, examples: Any, state: dict[str, Any]) -> None:
        """Measure the last epoch, where the parameters are still those of its end."""
        unmoved = state.get("parameters") == crc32(network.parameters.vector)
        if unmoved and not history.epochs[-1].error_norms:
            self._measure(network, history, examples)

    def _examples(self, examples: Any) -> tuple[Any, Any]:
        if (self.x is None) != (self.y is None):
            raise DataError("error_norms was given inputs or targets alone", expected="both x and y, or neither")
        found: tuple[Any, Any] = examples if self.x is None else (self.x, self.y)
        return found

    def _turn(self, epoch: int, history: Any, last: int) -> bool:
        if self.every is not None:
            return epoch % self.every == 0
        since = epoch - last
        return epoch <= FIRST or since >= SHARE * last or since * history.steps >= STEPS * epoch

    def _measure(self, network: Any, history: Any, examples: Any) -> None:
        x, y = self._examples(examples)
        with np.errstate(all="ignore"):  # what is not finite is kept as that
            errors = network.errors(x, y)
            gradient = network.gradient(x, y) if self.gradients else {}
        history.epochs[-1].error_norms = {name: error_norm(errors[name]) for name in errors}
        if self.gradients:
            history.epochs[-1].gradient_norms = {
                path: error_norm(each.reshape(1, -1)) for path, each in gradient.items()
            }


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
