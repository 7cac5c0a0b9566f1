"""Who keeps a training while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from bpframe.training.state import TrainingState

__all__ = ["Keeper"]


class Keeper(Protocol):
    """Decides after which steps a training is kept, and keeps it.

    `due` is asked after every step and its callbacks with the steps of this training so far, and once more, with
    `epoch_ends`, when an epoch is over, measured and told of. `keep` is called where it says so, when the training was
    interrupted or a callback failed, and at the end. An error of `keep` ends the training.
    """

    def due(self, step: int, epoch_ends: bool) -> bool:
        """Whether the training is kept now."""
        ...

    def keep(self, state: TrainingState) -> None:
        """Keep the training, or begin to; the state, like the network's arrays, is valid until this returns."""
        ...

    def settle(self) -> Path | None:
        """Wait until what was kept last is written, and return its folder, None where it could not be.

        It is called where somebody wants to hear of it.
        """
        ...
