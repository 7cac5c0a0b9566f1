"""What of a network and its training is written to disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bpframe.checkpoint import Checkpoint, kept_run, saved_preparation, streams_of
from bpframe.core.graph.description import NetworkSpec
from bpframe.data import DataSpec, FittedPreparation
from bpframe.documents import RunSpec
from bpframe.errors import SpecError
from bpframe.trainable.stepping import Stepwise
from bpframe.training.fingerprint import checksum
from bpframe.training.history import History
from bpframe.training.keeper import Keeper
from bpframe.training.spec import TrainingSpec
from bpframe.training.state import TrainingState

__all__ = ["Kept"]


class Kept(Stepwise):
    """A network with a history, of which everything can be kept."""

    spec: NetworkSpec
    history: History | None
    training: TrainingSpec | None
    _training_state: TrainingState | None

    def checkpoint(self, *, data: DataSpec | None = None, preparation: FittedPreparation | None = None) -> Checkpoint:
        """Return all that `save` writes; arrays are the network's own, valid until the next step.

        Errors: CheckpointError (the preparation is not this network's); ConcurrencyError (another thread trains it).
        """
        kept = saved_preparation(self.graph, self._preparation, preparation)
        state, history = self._training_state, self.history
        with self._engine.lane():
            held = self._engine.held
            if state is not None:
                state = state.snapshot(checksum(held.parameters.vector))
                if history is not None and not state.ended and history.stopped == "completed":
                    history = history.model_copy(update={"steps": state.steps, "stopped": "unfinished"})
            return Checkpoint(
                RunSpec(network=self.spec, training=self.training, data=data),
                {**self.parameters, **self.frozen_parameters},
                self.state,
                history,
                *kept,
                self.optimizer_state,
                streams_of(held),
                state,
            )

    @contextmanager
    def _kept(
        self, run: str | os.PathLike[str] | None, spec: TrainingSpec, past: int | None = None
    ) -> Iterator[Keeper | None]:
        """Yield what keeps a training in a run's folder, None where there is none; `past` as of `kept_run`."""
        if run is not None:
            with kept_run(run, self, spec, past=past) as keeper:
                yield keeper
            return
        asked = [name for name in ("checkpoint_every", "keep_best") if getattr(spec, name) is not None]
        if asked and past is None:
            raise SpecError(
                f"{' and '.join(asked)} mean nothing without a folder for checkpoints",
                hint="fit(..., run='runs/first')",
            )
        yield None
