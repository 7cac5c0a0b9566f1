"""Training: forward, back, update, over mini-batches."""

from __future__ import annotations

import math
from typing import Any

from bpframe.core.backprop.engine import EVALUATION_BATCH, Engine, Lane
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.graph.graph import Graph, Node
from bpframe.errors import NonFiniteError, TrainingError
from bpframe.machine.blas_threads import blas_threads
from bpframe.training.batches import Batches, Samples, count_of, training_batches
from bpframe.training.history import History
from bpframe.training.minimizing import minimize
from bpframe.training.nonfinite import all_finite, nonfinite_error
from bpframe.training.recorder import Listener, Recorder, recording
from bpframe.training.spec import TrainingSpec
from bpframe.training.updates import Updater
from bpframe.validation.plain_arrays import Array

__all__ = ["Trainer", "largest_product"]


class Trainer:
    """Trains an engine's parameters as a `TrainingSpec` says, inside `engine.training()`.

    Errors: TrainingError where all of them are frozen.

    An optimizer that declares `minimize` drives itself. Of a rule each step takes the gradient of the mean cost over
    its batch, sums divided by the batch's own size, so that a last, smaller batch counts right. `history` grows epoch
    by epoch, or iteration by iteration, and stays readable after an error.
    """

    def __init__(self, engine: Engine, spec: TrainingSpec) -> None:
        if not engine.parameters and engine.frozen:
            raise TrainingError(
                "nothing of the network is trained",
                expected="a parameter that is not frozen",
                received=f"frozen: {', '.join(engine.frozen)}",
                hint="leave out frozen= or trainable=False for what training is to change",
            )
        self.engine = engine
        self.spec = spec
        self.history = History()

    def run(
        self,
        data: Samples,
        validation: Samples | None = None,
        show: bool | None = None,
        after_epoch: Listener | None = None,
    ) -> History:
        """Train for the spec's epochs, until a method ends by itself, or until Ctrl-C; return the history.

        Errors: NonFiniteError (when a cost or gradient is NaN or infinite: the parameters are then those before the
        step, or the best that a method that minimises has reported); ContractError (when a method that minimises fails,
        or breaks the rules of its `Problem`).
        """
        if self.spec.seed is not None:
            self.engine.held.reseed(self.spec.seed)
        with recording(self.engine, self.spec, self.history, data, validation, show, after_epoch) as recorder:
            try:
                if self.spec.minimizes:
                    minimize(self.engine, self.spec, data, recorder)
                else:
                    self._descend(data, recorder, min(EVALUATION_BATCH, count_of(validation or data)))
            except BaseException as error:
                self.history.stopped = _how(error)
                raise
        return self.history

    def _descend(self, data: Samples, recorder: Recorder, evaluated: int) -> None:
        """Take the rule's epochs; `evaluated` examples at once go through a pass that measures."""
        graph, batches = self.engine.graph, training_batches(self.engine, self.spec, data)
        # BLAS's threads are changed where Ctrl-C is a request, so that it finds none of them half changed.
        threads = blas_threads(largest_product(graph, min(batches.size, batches.count)))
        with self.engine.lane() as lane, threads:
            updater = Updater(self.spec.optimizer, self.engine.parameters.vector, lane.gradient.vector)
            for epoch in range(1, self.spec.epochs + 1):
                cost = self._epoch(epoch, batches, recorder, lane, updater)
                if cost is None:
                    self.history.stopped = "interrupted"
                    break
                with blas_threads(largest_product(graph, evaluated)):
                    recorder.record(cost, recorder.validation_cost())
                if recorder.ended:
                    self.history.stopped = recorder.ended
                    break

    def _epoch(self, epoch: int, batches: Batches, recorder: Recorder, lane: Lane, updater: Updater) -> float | None:
        """Take every example once; return the mean cost, or None when interrupted."""
        engine, interruption, progress = self.engine, recorder.interruption, recorder.progress
        differentiate, apply = engine.differentiate, updater.apply
        gradient, keeps_state = lane.gradient.vector, bool(engine.plan.state_slots)
        before = engine.parameters.vector.copy(), engine.state
        count, size = batches.count, batches.size
        stride = max(1, count // size // 20)
        total, number, done, workspace, broken, interrupted = 0.0, 0, 0, None, False, False
        try:
            for number, (inputs, targets) in enumerate(batches, start=1):
                if interruption.requested:
                    interrupted = True
                    break
                cost, workspace = differentiate(lane, inputs, targets, True, "training")
                if not math.isfinite(cost) or not all_finite(gradient):
                    broken = True
                    break
                apply()
                if keeps_state:
                    engine.state = workspace.new_state()
                done = number
                total += cost
                if number % stride == 0:
                    progress.within(epoch, min(1.0, number * size / count))
        finally:
            self.history.steps += done  # a validated field, which is too slow to set in every step
        # The last step has no next one that would notice what it did to the parameters.
        if workspace is not None and (broken or not all_finite(engine.parameters.vector)):
            self._stop(workspace, epoch, number, before)
        return None if interrupted else total / count

    def _stop(self, workspace: Workspace, epoch: int, number: int, before: tuple[Array, Any]) -> None:
        """Leave the last good parameters and raise the error that says what was not finite."""
        theta = self.engine.parameters.vector
        kept = f"the parameters after {self.history.steps} good steps"
        error = nonfinite_error(workspace, f"in epoch {epoch}, batch {number}", kept)
        if not all_finite(theta):
            # A finite gradient can still push θ beyond the largest float.
            theta[:], self.engine.state = before
            error.rows = (("kept", f"the parameters at the start of epoch {epoch}"),)
        raise error


def _how(error: BaseException) -> str:
    """Return how a training that raised ended, as a history's `stopped` says it."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "not finite" if isinstance(error, NonFiniteError) else "failed"


def largest_product(graph: Graph, batch: int) -> int:
    """Return about how many multiplications, M·N·K, the largest matrix product of a pass takes, from shapes alone.

    A weight meets every example at every place along the leading axes of the node's output: (N, T, units) has N·T
    places. So dense layers, whose three products forward and back are alike, are counted exactly, along leading axes
    too, and convolutions over positions that come before channels. What a component multiplies without a matrix among
    its parameters is taken for small.
    """
    return batch * max(map(_multiplications, graph.nodes), default=0)


def _multiplications(node: Node) -> int:
    matrices = (each.shape for each in node.parameters.values() if len(each.shape) > 1)
    return math.prod(node.output_shape[:-1]) * max(map(math.prod, matrices), default=0)
