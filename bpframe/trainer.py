"""Training: forward, back, update, over mini-batches."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bpframe.engine import Engine
from bpframe.errors import TrainingError
from bpframe.history import EpochRecord, History
from bpframe.interruption import Interruption, interruptible
from bpframe.metrics import accuracy
from bpframe.nonfinite import all_finite, nonfinite_error
from bpframe.progress import Progress, progress
from bpframe.spec.training import TrainingSpec
from bpframe.trace import Trace
from bpframe.updates import Updater

__all__ = ["Samples", "Trainer"]

Array = np.ndarray[Any, Any]

#: Inputs and targets by name, checked, in the network's dtype.
Samples = tuple[Mapping[str, Array], Mapping[str, Array]]


class Trainer:
    """Trains an engine's parameters as a `TrainingSpec` says.

    Each step takes the gradient of the mean cost over its batch, sums divided by the batch's own size, so that a last,
    smaller batch counts right. `history` grows epoch by epoch and stays readable after an error.
    """

    def __init__(self, engine: Engine, spec: TrainingSpec) -> None:
        self.engine = engine
        self.spec = spec
        self.history = History()
        if spec.seed is not None:
            engine.reseed(spec.seed)
        self._shuffling = engine.generator("order of examples", "training")
        self._updater = Updater(spec.optimizer, engine.parameters.vector, engine.gradient.vector)
        self._batches: dict[int, Samples] = {}

    def run(
        self,
        data: Samples,
        validation: Samples | None = None,
        show: bool | None = None,
        after_epoch: Callable[[int, History], None] | None = None,
    ) -> History:
        """Train for the spec's epochs, or until Ctrl-C, and return the history.

        Raises
        ------
        NonFiniteError
            When a cost or gradient is NaN or infinite. The parameters are then those before the step.

        """
        if not self.engine.graph.cost:
            raise TrainingError("the network has no cost to train on", hint="bp.Network(..., cost=QuadraticCost())")
        count = len(next(iter(data[0].values())))
        if "accuracy" in self.spec.metrics:
            self._accuracy(_first(data))  # refuses targets that it cannot compare, before anything changes
        # Every step looks for NaN and infinity and says where they began; NumPy's warnings would only say it less well.
        quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with quiet, interruptible() as interruption, progress(self.spec.epochs, show) as told:
            for epoch in range(1, self.spec.epochs + 1):
                started = time.perf_counter()
                cost = self._epoch(epoch, data, count, interruption, told)
                if cost is None:
                    self.history.stopped = "interrupted"
                    break
                record = EpochRecord(epoch=epoch, cost=cost, seconds=0.0)
                self._measure(record, data, validation)
                record.seconds = time.perf_counter() - started
                self.history.epochs.append(record)
                told.after(record)
                if after_epoch is not None:
                    after_epoch(epoch, self.history)
        return self.history

    def _epoch(self, epoch: int, data: Samples, count: int, interruption: Interruption, told: Progress) -> float | None:
        """Take every example once; return the mean cost, or None when interrupted."""
        engine, updater = self.engine, self._updater
        before = engine.parameters.vector.copy(), engine.state
        stride = max(1, count // self.spec.batch_size // 20)
        total, number, trace, interrupted = 0.0, 0, None, False
        for number, (inputs, targets) in enumerate(self._each_batch(data, count), start=1):
            if interruption.requested:
                interrupted = True
                break
            cost, trace = engine.differentiate(inputs, targets, training=True, purpose="training")
            if not math.isfinite(cost) or not all_finite(engine.gradient.vector):
                self._stop(trace, epoch, number, before)
            updater.apply()
            if engine.plan.state_slots:
                engine.state = trace.new_state()
            self.history.steps += 1
            total += cost
            if number % stride == 0:
                told.within(epoch, min(1.0, number * self.spec.batch_size / count))
        if trace is not None and not all_finite(engine.parameters.vector):
            self._stop(trace, epoch, number, before)  # the last step has no next one that would notice
        return None if interrupted else total / count

    def _each_batch(self, data: Samples, count: int) -> Iterator[Samples]:
        """Yield the batches of one epoch; each is valid until the next."""
        size = self.spec.batch_size
        if not self.spec.shuffle:
            for start in range(0, count, size):
                inputs, targets = ({name: array[start : start + size] for name, array in part.items()} for part in data)
                yield inputs, targets
            return
        order = self._shuffling.permutation(count)
        for start in range(0, count, size):
            rows = order[start : start + size]
            batch = self._buffers(data, len(rows))
            for part, buffers in zip(data, batch, strict=True):
                for name, array in part.items():
                    # The indices are a permutation, so clipping changes nothing; it spares take a checked copy.
                    np.take(array, rows, axis=0, out=buffers[name], mode="clip")
            yield batch

    def _buffers(self, data: Samples, size: int) -> Samples:
        if size not in self._batches:
            inputs, targets = (
                {name: np.empty((size, *array.shape[1:]), array.dtype) for name, array in part.items()} for part in data
            )
            self._batches[size] = (inputs, targets)
        return self._batches[size]

    def _measure(self, record: EpochRecord, data: Samples, validation: Samples | None) -> None:
        if validation is not None:
            inputs, targets = validation
            count = len(next(iter(inputs.values())))
            record.validation_cost = self.engine.total_cost(inputs, targets) / count
        if "accuracy" in self.spec.metrics:
            if validation is not None:
                record.validation_accuracy = self._accuracy(validation)
            else:
                record.accuracy = self._accuracy(data)

    def _accuracy(self, samples: Samples) -> float:
        inputs, targets = samples
        (name, target), *_ = targets.items()
        return accuracy(self.engine.outputs(inputs)[name], target)

    def _stop(self, trace: Trace, epoch: int, number: int, before: tuple[Array, Any]) -> None:
        """Leave the last good parameters and raise the error that says what was not finite."""
        self.history.stopped = "not finite"
        theta = self.engine.parameters.vector
        kept = f"the parameters after {self.history.steps} good steps"
        error = nonfinite_error(trace, f"in epoch {epoch}, batch {number}", kept)
        if not all_finite(theta):
            # A finite gradient can still push θ beyond the largest float.
            theta[:], self.engine.state = before
            error.rows = (("kept", f"the parameters at the start of epoch {epoch}"),)
        raise error


def _first(samples: Samples) -> Samples:
    """Return the first example of each array."""
    inputs, targets = ({name: array[:1] for name, array in part.items()} for part in samples)
    return inputs, targets
