"""Training: forward, back, update, over mini-batches."""

from __future__ import annotations

import math
from functools import partial

from bpframe.core.backprop.engine import EVALUATION_BATCH, Engine, Lane
from bpframe.errors import BpframeError, NonFiniteError, TrainingError
from bpframe.machine.blas_threads import blas_threads
from bpframe.training.batches import Batches, Samples, count_of, training_batches
from bpframe.training.constraints import constrained
from bpframe.training.grouping import grouped
from bpframe.training.history import History
from bpframe.training.largest_product import largest_product
from bpframe.training.listening import Listening
from bpframe.training.minimizing import minimize
from bpframe.training.nonfinite import all_finite, nonfinite_error
from bpframe.training.recorder import Recorder, recording
from bpframe.training.scheduled import scheduled_numbers
from bpframe.training.spec import TrainingSpec
from bpframe.training.stepping import Carried, Stepper, require_trained

__all__ = ["Trainer"]


class Trainer:
    """Trains an engine's parameters as a `TrainingSpec` says, inside `engine.training()`.

    An optimizer that declares `minimize` drives itself. Of a rule each step takes the gradient of the mean cost over
    its batch, sums divided by the batch's own size, so that a last, smaller batch counts right. `history` grows epoch
    by epoch, or iteration by iteration, and stays readable after an error. `carried` holds what the optimizer carries
    from one training to the next, and `past` is the history of those before.

    Errors: TrainingError (all parameters are frozen); SpecError (a group of parameters, or a constraint, holds none).
    """

    def __init__(
        self, engine: Engine, spec: TrainingSpec, carried: Carried | None = None, past: History | None = None
    ) -> None:
        require_trained(engine.held)
        grouped(spec.groups or {}, engine.parameters.shapes)
        constrained(spec.constraints or {}, engine.graph)
        self.engine = engine
        self.spec = spec
        self.history = History()
        self._carried = Carried() if carried is None else carried
        self._past = past

    def run(
        self,
        data: Samples,
        validation: Samples | None = None,
        show: bool | None = None,
        listening: Listening | None = None,
    ) -> History:
        """Train for the spec's epochs, until a method ends by itself, or until Ctrl-C; return the history.

        Errors: NonFiniteError (when a cost or gradient is NaN or infinite: the parameters are then those before the
        step, or the best that a method that minimises has reported); ContractError (when a method that minimises fails,
        or breaks the rules of its `Problem`).
        """
        if self.spec.seed is not None:
            self.engine.held.reseed(self.spec.seed)
        with recording(self.engine, self.spec, self.history, data, validation, show, listening) as recorder:
            try:
                if self.spec.minimizes:
                    self._carried.replace(None)
                    minimize(self.engine, self.spec, data, recorder)
                else:
                    self._descend(data, recorder, min(EVALUATION_BATCH, count_of(validation or data)))
            except BaseException as error:
                self.history.stopped = _how(error)
                raise
            finally:
                self._carried.release()
        return self.history

    def _descend(self, data: Samples, recorder: Recorder, evaluated: int) -> None:
        """Take the rule's epochs, from the state that is carried; `evaluated` examples at once are measured."""
        graph, batches = self.engine.graph, training_batches(self.engine, self.spec, data)
        # BLAS's threads are changed where Ctrl-C is a request, so that it finds none of them half changed.
        threads = blas_threads(largest_product(graph, min(batches.size, batches.count)))
        with self.engine.lane() as lane, threads:
            stepper = self._carried.stepper(
                self.engine, self.spec.optimizer, self.spec.optimizers, lane, self.spec.constraints
            )
            stepper.begin()
            stepper.updates.follow(self._seen)
            for epoch in range(1, self.spec.epochs + 1):
                recorder.before_epoch(epoch)
                cost = None if recorder.ended else self._epoch(epoch, batches, recorder, lane, stepper)
                if cost is None:
                    self.history.stopped = recorder.ended or "interrupted"
                    break
                updates = stepper.updates
                seen = partial(self._seen, updates.epoch)
                figures = scheduled_numbers(self.spec.optimizer, updates.step, updates.epoch, seen, updates.arrays())
                updates.epoch += 1
                recorder.averages = updates.averages
                with blas_threads(largest_product(graph, evaluated)):
                    recorder.record(cost, recorder.validation_cost(), figures)
                if recorder.ended:
                    self.history.stopped = recorder.ended
                    break

    def _seen(self, epochs: int) -> History:
        """Return the history of the last epochs, which the optimizer has counted. Errors: TrainingError."""
        records = [*(self._past.epochs if self._past is not None else ()), *self.history.epochs]
        if len(records) < epochs:
            raise TrainingError(
                "a schedule follows the history, which does not reach back to where the optimizer's state began",
                expected=f"{epochs} epochs",
                received=f"{len(records)}",
                hint="net.optimizer_state = None starts anew",
            )
        directions = {**(self._past.directions if self._past is not None else {}), **self.history.directions}
        return History.model_construct(epochs=records[len(records) - epochs :], directions=directions)

    def _epoch(self, epoch: int, batches: Batches, recorder: Recorder, lane: Lane, stepper: Stepper) -> float | None:
        """Take every example once; return the mean cost, or None when interrupted."""
        interruption, progress, step = recorder.interruption, recorder.progress, stepper.step
        count, size = batches.count, batches.size
        stride = max(1, count // size // 20)
        total, number, done, interrupted = 0.0, 0, 0, False
        before, after, taken = recorder.before_batch, recorder.after_batch, self.history.steps
        stepper.remember()
        try:
            for number, (inputs, targets) in enumerate(batches, start=1):
                if interruption.requested:
                    interrupted = True
                    break
                if before is not None and not before(epoch, number, taken + number, math.nan):
                    interrupted = True
                    break
                stepper.epoch_ends = number * size >= count
                cost = step(self.engine, lane, inputs, targets)
                if math.isnan(cost):
                    raise self._stopped(stepper, epoch, number, done)
                done = number
                total += cost
                if number % stride == 0:
                    progress.within(epoch, min(1.0, number * size / count))
                if after is not None:
                    mean = cost / min(size, count - (number - 1) * size)
                    if not after(epoch, number, taken + number, mean) and not stepper.epoch_ends:
                        interrupted = True
                        break
            # The last step has no next one that would notice what it did to the parameters.
            if done and not all_finite(self.engine.parameters.vector):
                raise self._stopped(stepper, epoch, number, done)
        except BaseException as error:
            if stepper.moved:
                stepper.go_back()
                if isinstance(error, BpframeError):
                    error.rows = (*error.rows, ("kept", f"the parameters at the start of epoch {epoch}"))
            raise
        finally:
            self.history.steps += done  # a validated field, which is too slow to set in every step
        return None if interrupted else total / count

    def _stopped(self, stepper: Stepper, epoch: int, number: int, done: int) -> NonFiniteError:
        """Return the error that says what was not finite, and leave the last good parameters."""
        kept = f"the parameters after {self.history.steps + done} good steps"
        error = nonfinite_error(stepper.last_pass, f"in epoch {epoch}, batch {number}", kept, stepper.noted)
        if not all_finite(self.engine.parameters.vector):
            # A finite gradient can still push θ beyond the largest float.
            stepper.go_back()
            error.rows = (("kept", f"the parameters at the start of epoch {epoch}"),)
        return error


def _how(error: BaseException) -> str:
    """Return how a training that raised ended, as a history's `stopped` says it."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "not finite" if isinstance(error, NonFiniteError) else "failed"
