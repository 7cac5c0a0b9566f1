"""Training: forward, back, update, over mini-batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from bpframe.core.backprop.engine import EVALUATION_BATCH, Engine, Lane
from bpframe.errors import BpframeError, NonFiniteError, TrainingError
from bpframe.machine.blas_threads import blas_threads
from bpframe.training.augmentation import Augment
from bpframe.training.batches import Batches, Samples, count_of, training_batches
from bpframe.training.constraints import constrained
from bpframe.training.fingerprint import checksum
from bpframe.training.grouping import grouped
from bpframe.training.history import History
from bpframe.training.keeper import Keeper
from bpframe.training.largest_product import largest_product
from bpframe.training.listening import Listening
from bpframe.training.minimizing import minimize
from bpframe.training.nonfinite import all_finite, nonfinite_error
from bpframe.training.recorder import Recorder, recording
from bpframe.training.scheduled import scheduled_numbers
from bpframe.training.spec import TrainingSpec
from bpframe.training.state import TrainingState
from bpframe.training.stepping import Carried, Stepper, require_trained
from bpframe.validation.plain_arrays import Array

__all__ = ["Trainer"]


class Trainer:
    """Trains an engine's parameters as a `TrainingSpec` says, inside `engine.training()`.

    An optimizer that declares `minimize` drives itself. Of a rule each step takes the gradient of the mean cost over
    its batch, sums divided by the batch's own size, so that a last, smaller batch counts right. `history` grows epoch
    by epoch, or iteration by iteration, and stays readable after an error. `carried` holds what the optimizer carries
    from one training to the next, and `past` is the history of those before. A training that goes on has a `state`, and
    in `history` what it has recorded so far. `keeper` keeps it while it runs.

    Errors: TrainingError (all parameters are frozen); SpecError (a group of parameters, or a constraint, holds none).
    """

    def __init__(
        self,
        engine: Engine,
        spec: TrainingSpec,
        carried: Carried | None = None,
        past: History | None = None,
        state: TrainingState | None = None,
        history: History | None = None,
        keeper: Keeper | None = None,
        augment: Augment | None = None,
    ) -> None:
        require_trained(engine.held)
        grouped(spec.groups or {}, engine.parameters.shapes)
        constrained(spec.constraints or {}, engine.graph)
        self.engine = engine
        self.spec = spec
        self.state = TrainingState() if state is None else state
        self.history = History() if history is None else history
        self._keeper = keeper
        self._augment = augment
        self._carried = Carried() if carried is None else carried
        self._past = past
        #: What brings predictions and targets back into the units that metrics are told in, where these were scaled.
        self.restored: Callable[[Array], Array] | None = None

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
        state = self.state
        if not state.begun and self.spec.seed is not None:
            self.engine.held.reseed(self.spec.seed)
        with recording(
            self.engine, self.spec, self.history, data, validation, show, listening, state, self._keeper, self.restored
        ) as recorder:
            state.run()
            try:
                if self.spec.minimizes:
                    self._carried.replace(None)
                    minimize(self.engine, self.spec, data, recorder)
                else:
                    self._descend(data, recorder, min(EVALUATION_BATCH, count_of(validation or data)))
                    self._pause(recorder)
            except BaseException as error:
                self.history.stopped = _how(error)
                state.pause(checksum(self.engine.parameters.vector))
                if not isinstance(error, KeyboardInterrupt) and not state.torn and not recorder.keeping:
                    _keep_beside(error, recorder)
                raise
            finally:
                self._carried.release()
        return self.history

    def _descend(self, data: Samples, recorder: Recorder, evaluated: int) -> None:
        """Take the rule's epochs, from the state that is carried; `evaluated` examples at once are measured."""
        graph, batches = self.engine.graph, training_batches(self.engine, self.spec, data, self._augment)
        # BLAS's threads are changed where Ctrl-C is a request, so that it finds none of them half changed.
        threads = blas_threads(largest_product(graph, min(batches.size, batches.count)))
        with self.engine.lane() as lane, threads:
            stepper = self._carried.stepper(
                self.engine, self.spec.optimizer, self.spec.optimizers, lane, self.spec.constraints
            )
            state, updates = self.state, stepper.updates
            if not state.begun:
                stepper.begin()
                state.first_step, state.first_epoch, state.begun = updates.step, updates.epoch, True
            updates.epoch = state.first_epoch + len(self.history)
            updates.follow(self._seen)
            for epoch in range(len(self.history) + 1, self.spec.epochs + 1):
                recorder.before_epoch(epoch)
                cost = None if recorder.ended else self._epoch(epoch, batches, recorder, lane, stepper)
                if cost is None:
                    self.history.stopped = recorder.ended or "interrupted"
                    break
                seen = partial(self._seen, updates.epoch)
                figures = scheduled_numbers(self.spec.optimizer, updates.step, updates.epoch, seen, updates.arrays())
                updates.epoch += 1
                recorder.averages = updates.averages
                with blas_threads(largest_product(graph, evaluated)):
                    recorder.record(cost, recorder.validation_cost(), figures)
                if recorder.ended:
                    self.history.stopped = recorder.ended
                    break
                if self._keeper is not None and epoch < self.spec.epochs and self._keeper.due(state.step, True):
                    recorder.keep()

    def _pause(self, recorder: Recorder) -> None:
        """Note what the training has come to; one that was interrupted is kept, before anybody moves a parameter."""
        self.state.ended = self.history.stopped != "interrupted"
        self.state.pause(checksum(self.engine.parameters.vector))
        if not self.state.ended:
            recorder.keep()

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
        before, after, keeper, state = recorder.before_batch, recorder.after_batch, self._keeper, self.state
        self._begin_order(batches)
        batches.epoch = state.past + epoch
        portions = batches.beginning(state.batch)
        inside, interrupted, taken = False, False, state.step
        stepper.remember()
        try:
            for number, (inputs, targets) in enumerate(portions, start=state.batch + 1):
                ends = interruption.requested or bool(recorder.ended)
                if ends or (before is not None and not before(epoch, number, state.step + 1, math.nan)):
                    interrupted = True
                    break
                stepper.epoch_ends = number * size >= count
                inside = True
                cost = step(self.engine, lane, inputs, targets)
                if math.isnan(cost):
                    raise self._stopped(stepper, epoch, number)
                inside = False
                state.step += 1
                state.batch = number
                state.cost += cost
                if number % stride == 0:
                    progress.within(epoch, min(1.0, number * size / count))
                if after is not None:
                    mean = cost / min(size, count - (number - 1) * size)
                    if not after(epoch, number, state.step, mean) and not stepper.epoch_ends:
                        interrupted = True
                        break
                if keeper is not None and not stepper.epoch_ends and keeper.due(state.step, False):
                    self._check_finite(stepper, epoch)
                    self.history.steps = state.step
                    recorder.keep()
            # The last step has no next one that would notice what it did to the parameters.
            if state.step > taken:
                self._check_finite(stepper, epoch)
        except BaseException as error:
            if inside:
                state.torn = state.torn or "it was stopped within a step, whose random numbers are drawn"
            if stepper.moved:
                stepper.go_back()
                if isinstance(error, BpframeError):
                    error.rows = (*error.rows, ("kept", f"the parameters at the start of epoch {epoch}"))
            raise
        finally:
            portions.close()
            self.history.steps = state.step  # a validated field, which is too slow to set in every step
        return None if interrupted else state.cost / count

    def _begin_order(self, batches: Batches) -> None:
        """Note where the stream is that the epoch's order is drawn from, or bring it back to there."""
        shuffling = batches.shuffling
        if shuffling is None:
            self.state.order = {}
        elif self.state.order is None:
            self.state.order = dict(shuffling.bit_generator.state)
        else:
            shuffling.bit_generator.state = self.state.order

    def _check_finite(self, stepper: Stepper, epoch: int) -> None:
        """Refuse parameters that a step has moved beyond the largest float. Errors: NonFiniteError."""
        if not all_finite(self.engine.parameters.vector):
            raise self._stopped(stepper, epoch, self.state.batch)

    def _stopped(self, stepper: Stepper, epoch: int, number: int) -> NonFiniteError:
        """Return the error that says what was not finite, and leave the last good parameters."""
        self.state.torn = "a cost, a gradient or a parameter was not finite"
        kept = f"the parameters after {self.state.step} good steps"
        error = nonfinite_error(stepper.last_pass, f"in epoch {epoch}, batch {number}", kept, stepper.noted)
        if not all_finite(self.engine.parameters.vector):
            # A finite gradient can still push θ beyond the largest float.
            stepper.go_back()
            error.rows = (("kept", f"the parameters at the start of epoch {epoch}"),)
        return error


def _keep_beside(error: BaseException, recorder: Recorder) -> None:
    """Have a training kept that something beside its steps has ended; where that fails too, the error says so."""
    try:
        recorder.keep()
    except Exception as other:
        if isinstance(error, BpframeError) and other is not error:
            error.rows = (*error.rows, ("then", str(other)))


def _how(error: BaseException) -> str:
    """Return how a training that raised ended, as a history's `stopped` says it."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "not finite" if isinstance(error, NonFiniteError) else "failed"
