"""Watching how errors flow back while a network is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, PositiveInt

from bpframe.categories.callback import Callback

__all__ = ["WatchErrors"]


class WatchErrors(Callback):
    """Print, after an epoch, how errors flow back through the layers at some examples: `network.error_flow(x, y)`.

    Thirty examples are enough. Vanishing and exploding errors, saturated and dead units are told in words.
    """

    x: np.ndarray = Field(description="The inputs of some examples, (N, *features).")
    y: np.ndarray = Field(description="Their targets.")
    every: PositiveInt = Field(1, description="After how many epochs, each time.")

    def after_epoch(self, network: Any, epoch: int) -> None:
        """Print the table of this epoch."""
        if epoch % self.every == 0:
            print(f"after epoch {epoch}, {network.error_flow(self.x, self.y)}\n", flush=True)
