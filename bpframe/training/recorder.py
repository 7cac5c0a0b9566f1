"""What a training leaves behind and tells while it runs: history, metrics, progress, a look at Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from logging import DEBUG

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.errors import StopTraining, TrainingError
from bpframe.machine.interruption import Interruption, interruptible
from bpframe.machine.logs import logger_of
from bpframe.training.batches import Samples, count_of
from bpframe.training.history import EpochRecord, History
from bpframe.training.keeper import Keeper
from bpframe.training.listening import Listening, TellBatch
from bpframe.training.measuring import Measures
from bpframe.training.progress import shown_progress
from bpframe.training.progress_lines import Progress, record_line
from bpframe.training.spec import TrainingSpec
from bpframe.training.state import TrainingState
from bpframe.validation.plain_arrays import Array

__all__ = ["Recorder", "recording"]

_LOG = logger_of(__name__)


@dataclass
class Recorder:
    """Measures the network at the end of each epoch, adds the record to the history, and tells of it."""

    engine: Engine
    spec: TrainingSpec
    history: History
    data: Samples
    validation: Samples | None
    listening: Listening | None
    interruption: Interruption
    progress: Progress
    state: TrainingState
    keeper: Keeper | None
    restored: Callable[[Array], Array] | None = None

    def __post_init__(self) -> None:
        self._measures = Measures(self.engine, self.spec.measured, self.restored)
        samples = self.data if self.validation is None else self.validation
        self._measures.check(samples)
        self.history.directions = self._measures.directions("" if self.validation is None else "validation_")
        #: The averaged parameters to measure with, of an optimizer that keeps some.
        self.averages: Array | None = None
        #: Whether it is kept at the moment, or the last time failed.
        self.keeping = False
        #: Why a callback or a hook ended the training, where one did.
        self.ended = ""
        told = self.listening
        #: Tell of a batch, and return whether to go on; None where nobody listens.
        self.before_batch = None if told is None or told.before_batch is None else self._going_on(told.before_batch)
        self.after_batch = None if told is None or told.after_batch is None else self._going_on(told.after_batch)

    def before_epoch(self, epoch: int) -> None:
        """Tell callbacks that an epoch begins, where they were not told before the training stopped."""
        if self.state.told >= epoch:
            return
        self.state.told = epoch
        if self.listening is not None:
            with self._hearing():
                self.listening.before_epoch(epoch, self.state.step)

    def record(self, cost: float, validation_cost: float | None, figures: Mapping[str, float] | None = None) -> None:
        """Record that an epoch is over; its time runs from the end of the one before.

        A callback that raises StopTraining ends the training, and what it says is the reason; with KeyboardInterrupt
        it asks to stop as Ctrl-C does.
        """
        record = EpochRecord(epoch=len(self.history) + 1, cost=cost, seconds=0.0, figures=dict(figures or {}))
        record.validation_cost = validation_cost
        with self._averaged():
            if self.engine.penalties:
                record.penalty = self.engine.penalties.cost(self.engine.parameters.views)
            measured = self._measures(self.data if self.validation is None else self.validation)
        prefix = "" if self.validation is None else "validation_"
        for name, value in measured.items():
            if name == "accuracy" and isinstance(value, float):
                setattr(record, f"{prefix}accuracy", value)
            else:
                record.metrics = {**record.metrics, f"{prefix}{name}": value}
        record.seconds = self.state.elapsed()
        self.history.epochs.append(record)
        self.state.next_epoch()
        self.progress.after(record)
        if _LOG.isEnabledFor(DEBUG):
            _LOG.debug("epoch %d of %d: %s", record.epoch, self.spec.epochs, record_line(record))
        if self.listening is not None:
            with self._hearing():
                self.listening.after_epoch(record.epoch, self.state.step)
            self.state.started = time.perf_counter()

    def keep(self) -> None:
        """Have the training kept as it is; who is told of it may wish the end."""
        if self.keeper is not None:
            self.keeping = True
            with self._hearing():
                self.keeper.keep(self.state)
                heard = self.listening is not None and self.listening.hears_checkpoints
                if heard and self.listening is not None and (path := self.keeper.settle()) is not None:
                    epoch = len(self.history) + (self.state.batch > 0)
                    self.listening.after_checkpoint(epoch, self.state.step, path)
            self.keeping = False

    def validation_cost(self) -> float | None:
        """Return the mean cost of the validation data, or None where there is none."""
        if self.validation is None:
            return None
        with self._averaged():
            return self.engine.at(self.validation[0]).total_cost(*self.validation) / count_of(self.validation)

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """Take what callbacks raise to end the training as a wish, which the caller looks at."""
        try:
            yield
        except StopTraining as reason:
            self.ended = self.ended or str(reason)
        except KeyboardInterrupt as error:
            self._ask_to_stop(error)

    def _ask_to_stop(self, error: KeyboardInterrupt) -> None:
        """Stop after the step for this error, which is raised on where somebody has asked for that before."""
        if self.interruption.requested:
            raise error
        self.interruption.requested = True

    def _going_on(self, tell: TellBatch) -> Callable[[int, int, int, float], bool]:
        """Return what tells of a batch and returns whether to go on."""

        def told(epoch: int, batch: int, step: int, cost: float) -> bool:
            try:
                tell(epoch, batch, step, cost)
            except StopTraining as reason:
                self.ended = self.ended or str(reason)
            except KeyboardInterrupt as error:
                self._ask_to_stop(error)
            return not self.ended and not self.interruption.requested

        return told

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Let the network have the averaged parameters, where there are some, inside of the block."""
        if self.averages is None:
            yield
            return
        theta = self.engine.parameters.vector
        trained = theta.copy()
        theta[:] = self.averages
        try:
            yield
        finally:
            theta[:] = trained


@contextmanager
def recording(
    engine: Engine,
    spec: TrainingSpec,
    history: History,
    data: Samples,
    validation: Samples | None,
    show: bool | None,
    listening: Listening | None,
    state: TrainingState,
    keeper: Keeper | None,
    restored: Callable[[Array], Array] | None,
) -> Iterator[Recorder]:
    """Yield the recorder of a training; while it runs, Ctrl-C is a request.

    Errors: TrainingError (the network has no cost); DataError (a metric cannot be measured on these targets).
    """
    if not engine.graph.cost:
        raise TrainingError("the network has no cost to train on", hint="bp.Network(..., cost=QuadraticCost())")
    # Training looks for NaN and infinity and says where they began; NumPy's warnings would only say it less well.
    quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    unit = "iteration" if spec.minimizes else "epoch"
    with quiet, interruptible() as interruption, shown_progress(spec.epochs, show, unit) as progress:
        recorder = Recorder(
            engine, spec, history, data, validation, listening, interruption, progress, state, keeper, restored
        )
        with _logged(recorder, unit):
            yield recorder


@contextmanager
def _logged(recorder: Recorder, unit: str) -> Iterator[None]:
    """Tell loggers where a training begins and ends."""
    spec, history, begun = recorder.spec, recorder.history, time.perf_counter()
    kind, count = spec.optimizer.kind, count_of(recorder.data)
    _LOG.info("training begins: %s, %d %ss, %d examples", kind, spec.epochs, unit, count)
    try:
        yield
    except Exception as error:
        _LOG.warning("training failed after %d %ss: %s: %s", len(history), unit, type(error).__name__, error)
        raise
    seconds = time.perf_counter() - begun
    _LOG.info("training ends after %d %ss, %.3g s: %s", len(history), unit, seconds, history.stopped)
