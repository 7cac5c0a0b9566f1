"""Watching how errors flow back while a network is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, PositiveInt

from bpframe.categories.callback import Callback
from bpframe.errors import DataError

__all__ = ["WatchErrors"]


class WatchErrors(Callback):
    """Print, after an epoch, how errors flow back through the layers at some examples: `network.error_flow(x, y)`.

    Thirty examples are enough; where none are given, some of the training's are taken. Vanishing and exploding errors,
    saturated and dead units are told in words.
    """

    x: np.ndarray | None = Field(
        None,
        description="The inputs of some examples, (N, *features). Left out: every k-th of the training's, 64 at most.",
    )
    y: np.ndarray | None = Field(None, description="Their targets.")
    every: PositiveInt = Field(1, description="After how many epochs, each time.")

    def before_training(self, network: Any, examples: Any) -> None:
        """Refuse examples that cannot be measured."""
        network.cost(*self._examples(examples))

    def after_epoch(self, network: Any, epoch: int, examples: Any) -> None:
        """Print the table of this epoch."""
        if epoch % self.every == 0:
            print(f"after epoch {epoch}, {network.error_flow(*self._examples(examples))}\n", flush=True)

    def _examples(self, examples: Any) -> tuple[Any, Any]:
        if (self.x is None) != (self.y is None):
            raise DataError("watch_errors was given inputs or targets alone", expected="both x and y, or neither")
        found: tuple[Any, Any] = examples if self.x is None else (self.x, self.y)
        return found
