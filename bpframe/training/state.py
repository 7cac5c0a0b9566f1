"""Where a training is: what it takes, beside the network itself, to go on as if it had never stopped."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from bpframe.training.callback_state import copied_data
from bpframe.training.fingerprint import Fingerprint

__all__ = ["TrainingState"]


@dataclass
class TrainingState:
    """How far a training has come; it changes with every step.

    Parameters, what components carry, random streams, the optimizer's state and the history are the network's own.
    """

    #: What the examples look like, and those of validation.
    data: Fingerprint = field(default_factory=dict)
    validation: Fingerprint | None = None
    #: Of the network's history before this training: its epochs, and its steps.
    past: int = 0
    past_steps: int = 0
    #: Of the optimizer's state before this training: its steps, and its epochs.
    first_step: int = 0
    first_epoch: int = 0
    #: Whether random streams have begun from the training's seed, and the parameters are where constraints want them.
    begun: bool = False
    #: How many steps were taken; of a method that minimises, how often it has moved.
    step: int = 0
    #: Of the present epoch: how many batches are done, the sum of their costs, and the seconds that they took.
    batch: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    #: The state of the stream that orders the examples, as it was when the present epoch began; None between epochs.
    order: dict[str, Any] | None = None
    #: The last epoch of which callbacks were told that it begins.
    told: int = 0
    #: What callbacks keep, in their order: `{"kind": ..., "state": ...}`.
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    #: What a method that minimises keeps between iterations.
    kept: dict[str, Any] = field(default_factory=dict)
    #: Whether nothing is left to be done.
    ended: bool = False
    #: Why the training cannot go on as if it had never stopped.
    torn: str = ""
    #: A checksum of the parameters that belong to it; None while it runs.
    parameters: int | None = None
    #: When it began to run, where it runs.
    started: float | None = None

    @property
    def steps(self) -> int:
        """The steps of this training and of those before it: what the network's history counts."""
        return self.past_steps + self.step

    def next_epoch(self) -> None:
        """Begin an epoch: none of its batches is done."""
        self.batch, self.cost, self.seconds, self.order = 0, 0.0, 0.0, None
        self.started = time.perf_counter()

    def elapsed(self) -> float:
        """Return the seconds that the present epoch has taken so far."""
        return self.seconds if self.started is None else self.seconds + time.perf_counter() - self.started

    def run(self) -> None:
        """Begin to run, or go on."""
        self.started, self.parameters = time.perf_counter(), None

    def pause(self, parameters: int | None) -> None:
        """Stop running, with this checksum of the parameters."""
        # Between epochs it takes no time: what is written of one that is over is the same for everybody.
        self.seconds, self.started, self.parameters = self.elapsed() if self.batch else 0.0, None, parameters

    def snapshot(self, parameters: int) -> TrainingState:
        """Return a copy that no later step changes; the parameters' checksum is of now, where it still runs."""
        return replace(
            self,
            seconds=self.elapsed() if self.batch else 0.0,
            started=None,
            callbacks=copied_data(self.callbacks, "what callbacks keep"),
            kept=copied_data(self.kept, "what the optimizer keeps"),
            parameters=parameters if self.parameters is None else self.parameters,
        )
