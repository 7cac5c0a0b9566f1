"""Training by an optimizer that drives itself: the problem that it is handed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.results import failed
from bpframe.core.backprop.weights import factor_key, scale_of
from bpframe.core.component import contract_of
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.derivatives.least_squares.objective import Objective
from bpframe.errors import BpframeError, ContractError, NonFiniteError
from bpframe.machine.blas_threads import LARGE_PRODUCT, blas_threads
from bpframe.training.batches import Samples, training_batches
from bpframe.training.fingerprint import checksum
from bpframe.training.history import EpochRecord
from bpframe.training.nonfinite import all_finite, nonfinite_error
from bpframe.training.objective import BatchObjective
from bpframe.training.problem import Problem
from bpframe.training.recorder import Recorder
from bpframe.training.spec import TrainingSpec
from bpframe.validation.plain_arrays import Array

__all__ = ["NetworkProblem", "minimize"]


def minimize(engine: Engine, spec: TrainingSpec, data: Samples, recorder: Recorder) -> None:
    """Let the optimizer that declares `minimize` train an engine's parameters, a record per iteration that it reports.

    Where it raises, the best parameters that it reported stay. Errors are those of `Trainer.run`.
    """
    with blas_threads(LARGE_PRODUCT):  # such as a method's own, whatever the network's
        problem = NetworkProblem(engine, spec, data, recorder)
        try:
            if not recorder.history.epochs and not spec.optimizer.batches:
                problem.check_start()
            recorder.before_epoch(len(recorder.history) + 1)
            if recorder.ended or recorder.interruption.requested:
                recorder.history.stopped = recorder.ended or "interrupted"
            else:
                _call(spec.optimizer, problem)
                recorder.history.stopped = problem.ended()
            recorder.state.ended = recorder.history.stopped != "interrupted"
            recorder.state.pause(problem.reported)
        except BaseException:
            recorder.state.torn = "it failed within an iteration"
            problem.return_to_best()
            raise


def _call(optimizer: Optimizer, problem: Problem) -> None:
    words = contract_of(type(optimizer)).methods["minimize"].words
    try:
        optimizer.minimize(**dict.fromkeys(words, problem))  # type: ignore[attr-defined]
    except BpframeError:
        raise  # a refusal of the core's, which says what it is about
    except Exception as error:
        raise failed(f"optimizer '{optimizer.kind}'", "minimize", error) from error


class NetworkProblem(Problem):
    """A network's training as `minimize` sees it."""

    def __init__(self, engine: Engine, spec: TrainingSpec, data: Samples, recorder: Recorder) -> None:
        self.iterations = spec.epochs
        self.objective: LeastSquares = LeastSquares(engine, *data)
        self._outcome = ""
        self._engine = engine
        self._spec = spec
        self._recorder = recorder
        self._history = recorder.history
        self._state = recorder.state
        self._state.begun = True
        self.kept = self._state.kept
        #: A checksum of the parameters of the last report.
        self.reported = checksum(engine.parameters.vector)
        self._batches = training_batches(engine, spec, data)
        self._kept_batches: dict[int, tuple[Samples, BatchObjective]] = {}
        self._over = False
        last = self._history.epochs[-1].cost if self._history.epochs else math.inf
        self._best = last, engine.parameters.vector.copy(), engine.state
        self._validation: float | None = None  # at the present θ, where it was measured

    @property
    def memory_limit(self) -> int:
        """The most bytes that a matrix may take."""
        return self.objective.memory_limit

    @memory_limit.setter
    def memory_limit(self, limit: int) -> None:
        self.objective.memory_limit = limit

    @property
    def parameters(self) -> Array:
        """The present θ, (P,), as a copy."""
        return self._engine.parameters.vector.copy()

    def move_to(self, parameters: Array) -> None:
        """Make this the present θ; refuse NaN and infinity."""
        theta = self._engine.parameters.vector
        if np.shape(parameters) != theta.shape:
            raise self._broken("move_to takes the whole parameter vector", str(theta.shape), str(np.shape(parameters)))
        moved = np.asarray(parameters).astype(theta.dtype, copy=False)  # a large float64 becomes infinite in float32
        if not all_finite(moved):
            bad = int(moved.size - np.count_nonzero(np.isfinite(moved)))
            received = f"{bad} of {moved.size} entries are NaN or infinite"
            raise self._nonfinite("moves to parameters that are not finite", "finite numbers", received)
        theta[:] = moved
        self._state.step += 1
        self._history.steps = self._state.step
        self._validation = None

    def batches(self) -> Iterator[Objective]:
        """Yield the cost of each mini-batch of one pass."""
        optimizer, batches = self._spec.optimizer, self._batches
        if not optimizer.batches:
            raise self._broken("batches() is not announced", "batches: ClassVar[bool] = True in the class", "False")
        if batches.size >= batches.count:
            yield self._of_batch(batches.data)
            return
        iteration = len(self._history) + 1
        stride = max(1, batches.count // batches.size // 20)
        for number, batch in enumerate(batches, start=1):
            if number > 1 and self._recorder.interruption.requested:
                self._state.torn = "it was interrupted within a pass through the examples"
                return
            weight = _to_own_mean(self._engine, batch)
            objective = self._of_batch(batch)
            objective.weight = weight
            yield objective
            if number % stride == 0:
                self._recorder.progress.within(iteration, min(1.0, number * batches.size / batches.count))

    def validation_cost(self) -> float | None:
        """Return the mean cost of the validation data at the present θ, or None."""
        if self._validation is None:
            self._validation = self._recorder.validation_cost()
        return self._validation

    def report(self, cost: float, **figures: float) -> bool:
        """Record that an iteration is over; return whether to go on."""
        if self._over:
            raise self._broken("minimize goes on after report() returned False", "a loop that ends there", "a report")
        number = self._number("cost", cost)
        numbers = {name: self._number(name, value) for name, value in figures.items()}
        for name in numbers:
            if name in EpochRecord.model_fields:
                raise self._broken(f"report() has a figure '{name}', which a record holds itself", "another name", name)
        if not math.isfinite(number):
            raise self._nonfinite("reports a cost that is not finite", "a finite number", str(number))
        if self._spec.optimizer.batches or number <= self._best[0]:
            self._best = number, self.parameters, self._engine.state
        recorder, self._state.kept = self._recorder, self.kept
        self.reported = checksum(self._engine.parameters.vector)
        recorder.record(number, self.validation_cost(), numbers)
        goes_on = len(self._history) < self.iterations
        if goes_on and not (recorder.ended or recorder.interruption.requested):
            recorder.before_epoch(len(self._history) + 1)
        kept = self._keep(goes_on and not recorder.ended)
        interrupted, ended = recorder.interruption.requested, recorder.ended
        self._over = interrupted or bool(ended) or not goes_on
        if ended:
            self._outcome = ended
        elif interrupted and goes_on:
            self._outcome = "interrupted"
            if not kept:  # now: the method may move on from here
                self._keep(interrupted)
        return not self._over

    def _keep(self, goes_on: bool) -> bool:
        """Have a training kept that goes on, if it is time or interrupted; return whether it was."""
        recorder, state = self._recorder, self._state
        if recorder.keeper is None or not goes_on or state.torn:
            return False
        if not recorder.interruption.requested and not recorder.keeper.due(state.step, True):
            return False
        recorder.keep()
        return True

    def stop(self, reason: str) -> None:
        """Record why the method has ended by itself."""
        if not self._recorder.ended and self._outcome != "interrupted":
            self._outcome = str(reason)

    def generator(self, name: str) -> np.random.Generator:
        """Return a random stream of the training's, by name."""
        return self._engine.generator(name, "minimizing")

    def check_start(self) -> None:
        """Refuse a start at which the cost or its gradient is not finite, naming the place."""
        cost, gradient = self.objective.gradient()
        self._best = cost, *self._best[1:]
        if not math.isfinite(cost) or not all_finite(gradient):
            self._refuse_start()

    def ended(self) -> str:
        """Return how the run ended, as a history's `stopped` says it."""
        if self._outcome:
            return self._outcome
        if not len(self._history):
            raise self._broken("minimize ended without a report", "problem.report(cost) after each iteration", "none")
        return "completed" if len(self._history) == self.iterations else "the method ended by itself"

    def return_to_best(self) -> None:
        """Go back to the best parameters that were reported, or to those at the start."""
        _, self._engine.parameters.vector[:], self._engine.state = self._best

    def _refuse_start(self) -> None:
        """Name where NaN or infinity begins, in the first portion of examples that has some."""
        engine, examples = self._engine, self.objective.examples
        for rows in examples.slices():
            with engine.lane() as lane:
                total, workspace = engine.differentiate(lane, *examples.arrays(rows), False, "minimizing")
                if not math.isfinite(total) or not all_finite(lane.gradient.vector):
                    error = nonfinite_error(workspace, "before the first iteration", "the parameters as they were")
                    error.hint = "scaled inputs, or smaller first weights"
                    raise error

    @property
    def _kept(self) -> str:
        count = len(self._history)
        if not count:
            return "the parameters as they were"
        return f"the parameters of iteration {count}" if self._spec.optimizer.batches else "the best that were reported"

    def _of_batch(self, batch: Samples) -> BatchObjective:
        # Batches of one size come in the same buffers, so that passes over them can be used again.
        kept = self._kept_batches.get(id(batch))
        if kept is None or kept[0] is not batch:
            kept = batch, BatchObjective(self._engine, *batch, self.memory_limit, training=True)
            self._kept_batches[id(batch)] = kept
        kept[1].memory_limit = self.memory_limit
        return kept[1]

    def _number(self, name: str, value: Any) -> float:
        try:
            return float(value)
        except (TypeError, ValueError):
            raise self._broken(f"report() was given no number for '{name}'", "a number", repr(value)) from None

    def _nonfinite(self, problem: str, expected: str, received: str) -> NonFiniteError:
        what = f"optimizer '{self._spec.optimizer.kind}' {problem}"
        return NonFiniteError(what, expected=expected, received=received, rows=[("kept", self._kept)])

    def _broken(self, problem: str, expected: str, received: str) -> ContractError:
        return ContractError(
            f"optimizer '{self._spec.optimizer.kind}': {problem}", expected=expected, received=received
        )


def _to_own_mean(engine: Engine, batch: Samples) -> float:
    """Bring the weights of a mini-batch, which is overwritten by the next, to the mean 1 over its own examples.

    Return how many examples of the mean weight of all it is worth, as the mean over the outputs.
    """
    inputs, targets = batch
    count = len(next(iter(inputs.values())))
    scale = scale_of(engine.plan.costs, targets, count)
    if not isinstance(scale, tuple):
        return float(count)
    for each, one in zip(engine.plan.costs, scale, strict=True):
        factor = targets.get(factor_key(each.output))
        if factor is not None:
            factor *= count * one
    return sum(1 / one if one else 0.0 for one in scale) / len(scale)
