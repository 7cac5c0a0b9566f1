"""Training step by step, in a loop of the user's own, and what an optimizer carries from step to step."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Self

from bpframe.categories import Constraint, Optimizer
from bpframe.categories.holding import asks_for, full_kind
from bpframe.data import Dataset
from bpframe.derivatives.points.alike import Alike
from bpframe.differentiable import Arrays, Differentiable
from bpframe.errors import DataError, TrainingError
from bpframe.trainable.named import with_optimizer
from bpframe.trainable.prepared import matched
from bpframe.trainable.range_testing import range_test
from bpframe.training.optimizer_state import OptimizerState, checked_count
from bpframe.training.range_test import RangeTest
from bpframe.training.spec import TrainingSpec
from bpframe.training.stepping import Carried, require_trained
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array
from bpframe.validation.strict_numbers import checked_truth
from bpframe.verification import verify_constraints, verify_optimizer, warn_of_drafts

__all__ = ["Stepwise"]


class Stepwise(Differentiable):
    """A graph with parameters that can be trained by single steps."""

    _verify: bool
    _carried: Carried

    @property
    def optimizer_state(self) -> OptimizerState | None:
        """What the optimizer carries, by name, with the steps and epochs that it has seen; a copy.

        None before the first training by a rule, and after one by an optimizer that minimises. The next `fit` or
        `train_step` by an optimizer of the same kind goes on from it, also with other fields, such as another learning
        rate; where its state has other names, shapes or kinds of numbers, or the optimizer is of another kind, it
        starts anew. Set it to None to start anew, or to a state that was read before to go back to that.

        Errors: ConcurrencyError (another thread trains the network); DataError (what is set is no `OptimizerState`).
        """
        with self._engine.lane():
            return self._carried.state

    @optimizer_state.setter
    def optimizer_state(self, state: OptimizerState | None) -> None:
        if not isinstance(state, OptimizerState | None):
            raise DataError(
                "this is no state of an optimizer",
                expected="what net.optimizer_state has returned, or None",
                received=type(state).__name__,
            )
        with self._engine.training():
            self._carried.replace(state)

    def averaged(self) -> Self:
        """Return a copy of the network whose parameters are the averages that its optimizer keeps.

        It has what components carry as the network has it, and is saved, evaluated and trained like any other; the
        network itself stays as it is and goes on. It begins a training of its own anew. A running mean, such as that of
        batch normalisation, is of the network that was trained: `fit` of the copy at a tiny learning rate, or one that
        carries none, is the remedy where it matters.

        Errors: TrainingError (the optimizer of the last training keeps no averages); ConcurrencyError (another thread
        trains the network).
        """
        state = self.optimizer_state
        if state is None or not state.averages:
            raise TrainingError(
                "there are no averaged parameters",
                expected="a training by an optimizer that keeps them, such as exponential_average",
                received="no training by a rule" if state is None else state.optimizer,
            )
        copied = deepcopy(self)
        copied.parameters.vector[:] = state[state.averages]
        copied.optimizer_state = None
        return copied

    def train_step(
        self,
        x: Arrays,
        y: Arrays,
        *,
        optimizer: Optimizer | str,
        sample_weight: Arrays | None = None,
        groups: Mapping[str, Mapping[str, Any]] | None = None,
        constraints: Mapping[str, Constraint] | None = None,
        epoch: int | None = None,
        epoch_ends: bool = False,
    ) -> float:
        """Take one training step on these examples and return their mean cost, as it was before the step.

        It moves all that a step of `fit` moves: parameters, what components and the optimizer carry, random streams and
        the count of steps. Steps on the batches of a `fit` give the same bytes. What is checked and prepared is kept
        for the next step with the same optimizer. With `sample_weight` the cost is Σ w_n C_n / Σ w_n, and steps are
        those of `fit` to the last digits, since weights are brought to their mean over other examples. `groups` and
        `constraints` are those of `fit`; `epoch`, from 0, is what schedules are told, and stays where it is left out;
        `epoch_ends` tells an optimizer that asks for it, such as one that accumulates gradients, that no further batch
        of the epoch comes.

        Raises
        ------
        DataError, ShapeMismatch, SpecError
            Before anything changes.
        TrainingError
            The optimizer asks how much the examples count together, which their weights alone do not say.
        NonFiniteError
            A cost, a gradient or a new parameter is NaN or infinite; parameters and state are those before the step.
        ConcurrencyError
            Another thread trains the network.

        """
        optimizer = with_optimizer(optimizer)
        with self._engine.training():
            inputs, targets = self._examples(x, y, sample_weight)
            engine, carried = self._engine.at(inputs), self._carried
            optimizers, count = self._optimizers(optimizer, groups, constraints), len(next(iter(inputs.values())))
            if epoch is not None:
                epoch = checked_count("epoch", epoch)
            before = carried.remembered()
            with engine.lane() as lane:
                try:
                    stepper = carried.stepper(engine, optimizer, optimizers, lane, constraints)
                    if stepper.tells and len(targets) > len(self.graph.cost) and asks_for(optimizer, "examples"):
                        raise TrainingError(
                            f"{full_kind(optimizer)} asks how much the examples count, beside those of other steps",
                            received="weights, or a mask, which a single step brings to their mean",
                            hint="net.fit, which knows the weights of all examples",
                        )
                    stepper.epoch_ends = checked_truth("epoch_ends", epoch_ends)
                    return stepper.step_or_go_back(engine, lane, inputs, targets, count, epoch) / count
                except BaseException:
                    carried.go_back(before)
                    raise

    def range_test(
        self,
        x: Arrays | Dataset,
        y: Arrays | None = None,
        *,
        optimizer: Optimizer | str,
        smallest: float = 1e-6,
        largest: float = 10.0,
        steps: int = 100,
        batch_size: int | None = None,
        sample_weight: Arrays | None = None,
        shuffle: bool = True,
        groups: Mapping[str, Mapping[str, Any]] | None = None,
        constraints: Mapping[str, Constraint] | None = None,
    ) -> RangeTest:
        """Take steps at learning rates that rise from `smallest` to `largest`, and return what they cost.

        A copy of the network takes them, with the state of a fresh optimizer: the network and its random streams stay
        as they are. The rate is that of `optimizer`, or of the one that it holds; what it is there does not matter.
        The test ends early where the smoothed cost grows to four times its least. Otherwise steps are those of `fit`.
        Of a `Dataset` in the place of x and y it is the training part.

        Errors: SpecError (the optimizer has no learning rate), DataError (rates that do not rise), and those of `fit`.
        """
        spec = TrainingSpec(
            optimizer=with_optimizer(optimizer),
            batch_size=batch_size,
            shuffle=shuffle,
            groups=groups,
            constraints=constraints,
        )
        copied = deepcopy(self)
        if isinstance(x, Dataset):
            if y is not None or sample_weight is not None:
                raise DataError("a Dataset holds its targets and weights itself", hint="net.range_test(data, ...)")
            copied, (x, y, sample_weight) = copied.without_preparation(), matched(self.graph, x).parts["training"]
        elif y is None:
            raise DataError("there are no targets", expected="range_test(x, y, ...), or a Dataset in the place of both")
        with copied._engine.training():
            samples = copied._samples(x, y, sample_weight)
            return range_test(copied._engine.at(samples[0]), spec, samples, smallest, largest, steps)

    def _validation_samples(self, pair: Any) -> tuple[dict[str, Array], dict[str, Array]] | None:
        if pair is None:
            return None
        if not isinstance(pair, tuple | list) or len(pair) not in (2, 3):
            raise DataError(
                "validation_data is no pair",
                expected="(x, y), or (x, y, sample_weight)",
                received=f"{len(pair)} parts" if isinstance(pair, tuple) else shortened(pair),
            )
        return self._samples(pair[0], pair[1], pair[2] if len(pair) > 2 else None, portions=True)

    def _examples(self, x: Any, y: Any, sample_weight: Any) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return checked examples; of those that lie as others before them the numbers alone are looked at."""
        if self._preparation is not None or sample_weight is not None:
            return self._samples(x, y, sample_weight)
        if self._carried.alike is None:
            self._carried.alike = Alike(self.graph, self.dtype)
        alike = self._carried.alike
        found = alike.samples(x, y)
        if found is None:
            found = self._samples(x, y)
            alike.remember(x, y, found, self._engine.at(found[0]).graph)
        return found

    def _optimizers(self, optimizer: Optimizer, groups: Any, constraints: Any) -> Mapping[str, Optimizer]:
        """Return the groups' optimizers, checked: those of the step before, for the same of all three."""
        kept = self._carried.single
        if kept is not None and kept[0] is optimizer and kept[1] == groups and kept[3] == constraints:
            return kept[2]
        spec = TrainingSpec(optimizer=optimizer, groups=groups, constraints=constraints)
        if spec.minimizes:
            raise TrainingError(
                f"{optimizer.kind} drives itself: it takes no single steps",
                expected="an optimizer with update, such as gradient descent",
                hint="net.fit(x, y, optimizer=...)",
            )
        require_trained(self._engine.held)
        if self._verify:
            verify_optimizer(optimizer)
            verify_constraints(spec.constraints)
        warn_of_drafts(self.graph)
        optimizers = spec.optimizers
        self._carried.single = optimizer, deepcopy(groups), optimizers, constraints and dict(constraints)
        return optimizers
