"""What a user calls to train: `fit`, and `train` with the same as a specification."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bpframe.categories import Constraint, Metric, Optimizer
from bpframe.data import Dataset
from bpframe.differentiable import Arrays, Examples
from bpframe.errors import DataError
from bpframe.machine.interruption import interruptible
from bpframe.plugins import listeners
from bpframe.trainable.callbacks import (
    Callbacks,
    begun,
    ended,
    ended_by_failure,
    require_single,
    some_examples,
    with_functions,
    without_functions,
)
from bpframe.trainable.keeping import Kept
from bpframe.trainable.named import with_metrics, with_optimizer
from bpframe.trainable.other_names import refusing_other_names
from bpframe.trainable.prepared import kept_by, matched, measured_part
from bpframe.trainable.rows import without_validation
from bpframe.training.augmentation import Augment, augmented_by
from bpframe.training.batches import count_of
from bpframe.training.fingerprint import fingerprint_of
from bpframe.training.history import History
from bpframe.training.keeper import Keeper
from bpframe.training.last_batch import try_last_batch
from bpframe.training.listening import Listening
from bpframe.training.resuming import check_data, parted
from bpframe.training.spec import TrainingSpec
from bpframe.training.state import TrainingState
from bpframe.training.trainer import Trainer
from bpframe.training.watching import check_watched
from bpframe.validation.indexed import indexed_pair
from bpframe.validation.strict_numbers import checked_truth
from bpframe.verification import verify_constraints, verify_optimizer, warn_of_drafts

__all__ = ["Trainable"]


class Trainable(Kept):
    """A graph with parameters that can be trained, and everything that any network can be asked."""

    @refusing_other_names
    def fit(
        self,
        x: Arrays | Dataset,
        y: Arrays | None = None,
        *,
        optimizer: Optimizer | str,
        epochs: int = 30,
        batch_size: int | None = None,
        sample_weight: Arrays | None = None,
        validation_data: Examples | None = None,
        validation_split: float | None = None,
        shuffle: bool = True,
        augment: Augment | None = None,
        metrics: Sequence[Metric | str] | Mapping[str, Sequence[Metric | str]] = (),
        groups: Mapping[str, Mapping[str, Any]] | None = None,
        constraints: Mapping[str, Constraint] | None = None,
        callbacks: Callbacks = (),
        seed: int | None = None,
        progress: bool | None = None,
        run: str | os.PathLike[str] | None = None,
        checkpoint_every: str | None = None,
        keep_last: int = 3,
        keep_best: str | None = None,
    ) -> History:
        """Train and return what happened, epoch by epoch; `history` goes on from the trainings before.

        x may be a `Dataset`, such as `bpframe.data.from_table` makes of a table: it has its targets, its weights and
        its validation part. The network keeps its preparation, and takes raw tables from then on.

        Where x is a table, such as a pandas DataFrame, its columns' names are remembered: whatever table comes later
        is read by name. A network with a `preparation` takes x, y and validation data raw.

        `optimizer` is a component, or the name of one whose fields all have a default, `"adam"`.

        With a rule, such as gradient descent, on mini-batches of `batch_size` examples, 10 where it is left out. An
        optimizer that minimises, such as Levenberg–Marquardt, runs for `epochs` iterations at most, on all examples at
        once unless it says that it takes mini-batches; the history says why it ended.

        With `sample_weight` a step's C is Σ w_n C_n / Σ w_n over its own batch, and where no example of the batch
        counts, its gradient is that of the penalties alone; the recorded cost is the mean over the whole epoch.
        `validation_data`, (x, y) or (x, y, sample_weight), are measured after every epoch; `validation_split` takes
        them from the examples, which are then not trained on: a share in (0, 1), drawn at random by the network's seed,
        so that later trainings keep the same ones; without `shuffle` the last ones. A test part is none of both: no
        training sees it.

        `augment(x, rng)` is a function that returns other inputs of a batch, such as mirrored images: it has the
        prepared inputs, (B, *features) or by name, and a random generator that depends on the seed, the epoch and the
        batch alone. What is measured is not changed.

        `groups` gives parameters, by patterns of their paths, other fields of the optimizer:
        `{"*.b": {"learning_rate": 0.01}}`. The first pattern that matches counts; the rest has the optimizer as it is.

        `constraints` keep parameters, by patterns of their paths, in a set: `{"*.w": MaxNorm(limit=2.0)}`. Before the
        first step and after every one they are moved to its nearest point. The first pattern that matches counts.

        `metrics` are measured after every epoch: components, such as `TopK(k=3)`, or names of such without fields,
        `"accuracy"`; of a network with several costs they are given by output, `{"digit": ["accuracy"]}`, and called
        `accuracy of digit`. `callbacks` are called around the training, its epochs and its batches, and may end it:
        components, or functions, which are called after every epoch with what they ask for by name.

        `seed` restarts the streams of shuffling and dropout; left out, they go on from where they are. `progress`
        None shows a bar in a terminal or notebook only, True also writes lines to a log file. Ctrl-C stops after the
        current step, or iteration, and keeps what was reached; a second one stops at once.

        `run` is a new folder that is written as the training goes on: its history, line by line, and checkpoints every
        "100 steps", "2 epochs" or "10 minutes" (`checkpoint_every`; left out, every minute, or less often where that
        would cost much) and at the end, of which the last `keep_last` stay, and that of the best epoch by a column of
        the history (`keep_best="validation_cost"`). `bpframe.load(run).resume(x, y, run=run)` goes on with it.

        Raises
        ------
        DataError, ShapeMismatch, SpecError
            Before anything changes.
        NonFiniteError
            As soon as a cost or gradient is NaN or infinite; the last finite parameters stay, whose cost need not be.
        ContractError
            A component fails. Parameters and the optimizer's state are those before the step, or at the start of the
            epoch where the update of one part had moved it when that of another failed.

        """
        spec = TrainingSpec(
            optimizer=with_optimizer(optimizer),
            epochs=epochs,
            batch_size=batch_size,
            shuffle=shuffle,
            validation_split=validation_split,
            metrics=metrics,
            callbacks=without_functions(callbacks),
            groups=groups,
            constraints=constraints,
            seed=seed,
            checkpoint_every=checkpoint_every,
            keep_last=keep_last,
            keep_best=keep_best,
        )
        functions = with_functions(callbacks, spec)
        with self._kept(run, spec) as keeper:
            return self._fit(spec, (x, y, sample_weight), validation_data, progress, functions, keeper, None, augment)

    def _fit(self, spec: TrainingSpec, data: Any, validation_data: Examples | None, *others: Any) -> History:
        """Train on arrays, or on a Dataset in the place of x; the `others` are those of `_train`."""
        if isinstance(data[0], Dataset):
            if any(each is not None for each in data[1:]):
                raise DataError("a Dataset holds its targets and weights itself", hint="net.fit(data, optimizer=...)")
            return self._train_prepared(spec, data[0], validation_data, *others)
        if data[1] is None and (pair := indexed_pair(data[0])) is not None:
            data = (*pair, data[2])
        return self._train(spec, data, validation_data, *others)

    def _train_prepared(
        self, spec: TrainingSpec, data: Dataset, validation_data: Examples | None, *others: Any
    ) -> History:
        """Train on prepared data, and take raw ones from then on."""
        if spec.validation_split is not None:
            raise DataError(
                "a Dataset has its validation part itself, without which its scaling was fitted",
                expected="no validation_split",
                hint=f"prepare the data with validation_fraction={spec.validation_split:g}",
            )
        data = matched(self.graph, data)
        before, past = self._preparation, self.history
        self._preparation = kept = kept_by(self.graph, before, data.preparation)
        try:
            held_back = measured_part(data) if validation_data is None else validation_data
            return self._train(spec, (data.x, data.y, data.sample_weight), held_back, *others)
        finally:
            self._preparation = before if self.history is past else replace(kept, raw=True)

    def train(
        self,
        spec: TrainingSpec,
        data: Examples,
        validation_data: Examples | None = None,
        progress: bool | None = None,
        watching: Callbacks = (),
        keeper: Keeper | None = None,
    ) -> History:
        """Train as a `TrainingSpec` says; `fit` is this with the specification's fields as arguments.

        `data` and `validation_data` are (x, y) or (x, y, sample_weight). The callbacks in `watching` are called before
        those of the specification, which does not have them: a network that is saved forgets them. `keeper` keeps the
        training while it runs.
        """
        return self._train(spec, data, validation_data, progress, (*watching, *spec.callbacks), keeper)

    def _train(
        self,
        spec: TrainingSpec,
        data: Examples,
        validation_data: Examples | None,
        progress: bool | None,
        callbacks: Callbacks,
        keeper: Keeper | None = None,
        state: TrainingState | None = None,
        augment: Augment | None = None,
    ) -> History:
        """Train as a specification says, with these callbacks in the place of its own; go on from a state, if any."""
        progress = None if progress is None else checked_truth("progress", progress)
        spec = with_metrics(spec)
        with interruptible(), self._engine.training():  # before anything changes
            before = self._preparation, self.training, self._training_state, self._carried.remembered()
            self._preparation = self._knowing_columns(*data[:2])
            try:
                data, validation_data = without_validation(spec, self.spec.seed, data, validation_data)
                given: Any = (*data, None)[:3]
                samples = self._samples(given[0], given[1], given[2], portions=not spec.minimizes)
                validation = self._validation_samples(validation_data)
                if self._verify:
                    verify_optimizer(spec.optimizer)
                    verify_constraints(spec.constraints)
                warn_of_drafts(self.graph)
                fingerprints = fingerprint_of(samples), None if validation is None else fingerprint_of(validation)
                if augment is not None:
                    fingerprints[0].update(augmented_by(augment, spec))
                if state is None:
                    past, now, states = self.history, History(), None
                    state = TrainingState(*fingerprints, *(0, 0) if past is None else (len(past), past.steps))
                else:
                    most = -(-count_of(samples) // spec.examples_per_step(count_of(samples)))
                    check_data(state, *fingerprints, most)
                    (past, now), states = parted(self.history, state), state.callbacks
                    if state.step and not spec.minimizes:
                        self._carried.replace(self._carried.state)  # which has to fit
                trainer = Trainer(self._engine.at(samples[0]), spec, self._carried, past, state, now, keeper, augment)
                trainer.restored = None if self._preparation is None else self._preparation.restored
                check_watched(trainer.engine, spec, samples, validation)
                try_last_batch(trainer.engine, spec, samples)
                require_single(callbacks)
                seen = partial(some_examples, data, samples, self.graph.cost, self.preparation is not None)
                hook = listeners("bpframe_after_epoch")
                told = Listening(callbacks, self, now, states, hook, seen)
                told.check_driven(spec)
                self.training, self._training_state, state.callbacks = spec, state, told.states()
                ending = begun(told)
            except BaseException:
                self._preparation, self.training, self._training_state = before[:3]
                self._carried.go_back(before[3])
                raise
            self.history = whole = now if past is None else past.model_copy(update={"epochs": [*past.epochs]})
            told.follow = partial(whole.follow, past, now)
            told.follow()
            try:
                if ending:
                    now.stopped, state.ended = ending, True
                else:
                    trainer.run(samples, validation, progress, told)
            except Exception as error:
                told.follow()
                ended_by_failure(told, error)
                raise
            finally:
                told.follow()
            ended(told, keeper, state, len(now))
            return now
