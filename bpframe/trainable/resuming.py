"""Going on with a training that has stopped."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from bpframe.data import Dataset
from bpframe.differentiable import Arrays, Examples
from bpframe.errors import DataError, TrainingError
from bpframe.trainable.callbacks import Callbacks, with_functions, without_functions
from bpframe.trainable.fitting import Trainable
from bpframe.trainable.other_names import refusing_other_names
from bpframe.training.augmentation import Augment
from bpframe.training.history import History
from bpframe.training.keeper import Keeper
from bpframe.training.optimizer_state import checked_count
from bpframe.training.resuming import check_resumable
from bpframe.training.spec import TrainingSpec

__all__ = ["Resumable"]


class Resumable(Trainable):
    """A network whose training can go on from where it stopped."""

    @property
    def unfinished(self) -> bool:
        """Whether there is a training that has not come to its end, with which `resume` goes on."""
        state = self._training_state
        return state is not None and not state.ended and not state.torn

    @refusing_other_names
    def resume(
        self,
        x: Arrays | Dataset,
        y: Arrays | None = None,
        *,
        sample_weight: Arrays | None = None,
        validation_data: Examples | None = None,
        epochs: int | None = None,
        augment: Augment | None = None,
        callbacks: Callbacks | None = None,
        progress: bool | None = None,
        run: str | os.PathLike[str] | None = None,
    ) -> History:
        """Go on with the last training, which was interrupted or saved before its end, as if it had never stopped.

        From then on parameters, histories and all else have the bytes of a `fit` that was never interrupted, from
        whatever step; only `seconds` differ. The network is the one that was trained, or one that was loaded from what
        was saved during the training. Examples, weights and validation data are those that it began with; as in `fit`
        a `Dataset` may be in the place of x. `epochs` is
        how many it shall have in all, where that is not what was asked for at first: a training that is over goes on
        with more. `callbacks` take the places of those that it had, with what these kept; functions among them have to
        be given again, since no file holds them, and so has `augment`. `before_training` is called again. `run` is the
        folder that the training was kept in, which it then goes on to write. Returns the whole training's history.

        Raises
        ------
        TrainingError
            There is no training, it is over, or could only go on in another way: a step was cut off, the parameters or
            the optimizer's state were changed since, or the optimizer drives itself and keeps nothing to go on from.
        DataError
            These are other examples than those that the training began with.
        CheckpointError
            The callbacks are others than those that it had.

        """
        data: Any = (x, y, sample_weight)
        past = 0 if self._training_state is None else self._training_state.past
        with nullcontext() if self.training is None else self._kept(run, self.training, past) as keeper:
            return self.go_on(data, validation_data, progress, (), keeper, epochs, callbacks, augment)

    def go_on(
        self,
        data: Examples,
        validation_data: Examples | None = None,
        progress: bool | None = None,
        watching: Callbacks = (),
        keeper: Keeper | None = None,
        epochs: int | None = None,
        callbacks: Callbacks | None = None,
        augment: Augment | None = None,
    ) -> History:
        """Go on with the last training; `resume` is this with arrays as arguments.

        `watching` and `keeper` are as those of `train`.
        """
        state, spec = self._training_state, self.training
        if state is None or spec is None or self.history is None:
            raise TrainingError(
                "there is no training to go on with",
                expected="a network whose training was interrupted, or one that was saved during it",
                received="no training" if spec is None else "a network that was saved without where its training was",
                hint="net.fit(x, y, optimizer=...)",
            )
        if epochs is not None and (epochs := checked_count("epochs", epochs)) < len(self.history) - state.past:
            raise DataError(
                "the training has had more epochs",
                expected=f"more than {len(self.history) - state.past}",
                received=str(epochs),
            )
        changed = {} if epochs is None else {"epochs": epochs}
        fields = {name: getattr(spec, name) for name in type(spec).model_fields}
        if callbacks is not None:
            changed["callbacks"] = without_functions(callbacks)
        spec = TrainingSpec(**{**fields, **changed}) if changed else spec
        with self._engine.lane():
            more = epochs is not None
            check_resumable(spec, state, self.history, self._engine.held, self._carried.state, more)
        told = spec.callbacks if callbacks is None else with_functions(callbacks, spec)
        return self._fit(spec, data, validation_data, progress, (*watching, *told), keeper, replace(state), augment)
