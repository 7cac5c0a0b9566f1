"""Ending a training after some time."""

from __future__ import annotations

import time
from typing import Any

from bpframe.extend import Callback, Field, PositiveFloat, StopTraining

__all__ = ["TimeLimit"]


class TimeLimit(Callback):
    """End the training after the step, or the iteration, in which so many seconds have passed.

    The seconds of a training that is resumed count on, without those in between.
    """

    seconds: PositiveFloat = Field(description="How long the training may take.")

    def initial_state(self) -> dict[str, Any]:
        """Return that no second is over."""
        return {"passed": 0.0}

    def before_training(self, state: dict[str, Any]) -> None:
        """Start the clock."""
        state["since"] = time.perf_counter()

    def after_batch(self, state: dict[str, Any]) -> None:
        """Look at the clock."""
        self._look(state)

    def after_epoch(self, state: dict[str, Any]) -> None:
        """Look at the clock: measuring takes time too, and iterations have no batches."""
        self._look(state)

    def _look(self, state: dict[str, Any]) -> None:
        now = time.perf_counter()
        state["passed"] += now - state["since"]
        state["since"] = now
        if state["passed"] >= self.seconds:
            raise StopTraining(f"{self.seconds:g} seconds are over")
