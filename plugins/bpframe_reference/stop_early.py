"""Ending a training that gets no better."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.extend import (
    Callback,
    Field,
    History,
    HistoryColumn,
    LargerIsBetter,
    NonNegativeFloat,
    PositiveInt,
    StopTraining,
)
from bpframe_reference.best import keep, put_back, refuse_averages
from bpframe_reference.watched import latest_loss

__all__ = ["StopEarly"]


class StopEarly(Callback):
    """End the training when what is watched has not become better for some epochs.

    The parameters are those of the last epoch, or with `restore_best` those of the best one, whose number is then
    `best_epoch` of the last record. A training that is interrupted or fails keeps those of its last step: it may go on.

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
    restore_best: bool = Field(False, description="Whether the parameters of the best epoch are put back at the end.")

    def before_training(self, network: Any) -> None:
        """Refuse to put back what is never measured."""
        if self.restore_best:
            refuse_averages(self.kind, network.training.optimizer)

    def after_epoch(self, network: Any, epoch: int, history: History, state: dict[str, Any]) -> None:
        """Look at the history, and end the training where its end has come."""
        loss = latest_loss(self, self.watch, self.larger, history)
        if loss is None:
            return
        if loss < state.get("best", np.inf) - self.least:
            state["best"], state["since"] = loss, 0
            if self.restore_best:
                keep(network, epoch, state)
        else:
            state["since"] = state.get("since", 0) + 1
        if state["since"] >= self.patience:
            raise StopTraining(f"no better {self.watch} for {state['since']} epochs")

    def after_training(self, network: Any, history: History, state: dict[str, Any]) -> None:
        """Put the best parameters back, where that is wanted."""
        put_back(network, history, state)
