"""Keeping the best of a training."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Callback, Field, History, HistoryColumn, LargerIsBetter
from bpframe_reference.best import keep, put_back, refuse_averages
from bpframe_reference.watched import latest_loss

__all__ = ["KeepBest"]


class KeepBest(Callback):
    """Put the parameters of the best epoch back when the training is over.

    It runs for as long as it is told to; what components carry, such as running means, is put back too, and the
    optimizer's state is that of the end. `best_epoch` of the last record says which epoch it was. A training that is
    interrupted or fails keeps the parameters of its last step: it may go on.

    Source: Prechelt, *Early Stopping - But When?* (1998): what is used is the network of the least validation error.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("model_checkpoint", "save_best")

    watch: HistoryColumn = Field(
        "validation_cost", description="Which column of the history is watched: a cost or a metric."
    )
    larger: LargerIsBetter = Field(
        None, description="Whether larger is better; left out, as the metric that is watched says, and of costs not."
    )

    def before_training(self, network: Any) -> None:
        """Refuse to put back what is never measured."""
        refuse_averages(self.kind, network.training.optimizer)

    def after_epoch(self, network: Any, epoch: int, history: History, state: dict[str, Any]) -> None:
        """Keep this epoch's parameters where none was better."""
        loss = latest_loss(self, self.watch, self.larger, history)
        if loss is not None and loss < state.get("best", np.inf):
            state["best"] = loss
            keep(network, epoch, state)

    def after_training(self, network: Any, history: History, state: dict[str, Any]) -> None:
        """Put the best parameters back."""
        put_back(network, history, state)
