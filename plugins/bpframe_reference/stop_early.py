"""Ending a training that gets no better."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.extend import Callback, DataError, Field, HistoryColumn, LargerIsBetter, NonNegativeFloat, PositiveInt

__all__ = ["StopEarly"]


class StopEarly(Callback):
    """End the training when what is watched has not become better for some epochs.

    The parameters are those of the last epoch, not those of the best.

    Source: Prechelt, *Early Stopping - But When?* (1998): the criterion UP, with patience.
    """

    patience: PositiveInt = Field(5, description="For how many epochs nothing may become better.")
    watch: HistoryColumn = Field(
        "validation_cost", description="Which column of the history is watched: a cost or a metric."
    )
    larger: LargerIsBetter = Field(
        None, description="Whether larger is better; left out, as the metric that is watched says, and of costs not."
    )
    least: NonNegativeFloat = Field(0.0, description="By how much it has to become better.")

    def after_epoch(self, history: Any) -> None:
        """Look at the history, and end the training with `StopIteration`."""
        try:
            values = history.column(self.watch)
        except KeyError as error:
            raise DataError(f"stop_early watches '{self.watch}'", received=str(error.args[0])) from None
        if not values:
            raise DataError(
                f"stop_early watches '{self.watch}', which no epoch has",
                hint="fit(..., validation_data=(x, y)), or StopEarly(watch='cost')",
            )
        if isinstance(values[-1], list):
            raise DataError(
                f"stop_early watches '{self.watch}', which is several numbers",
                expected="a column of numbers",
                received=f"an array of shape {np.shape(values[-1])}",
            )
        larger = history.larger_is_better(self.watch) if self.larger is None else self.larger
        best, since = np.inf, 0
        for value in values:
            loss = -value if larger else value
            best, since = (loss, 0) if loss < best - self.least else (best, since + 1)
        if since >= self.patience:
            raise StopIteration(f"no better {self.watch} for {since} epochs")
