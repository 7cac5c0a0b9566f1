"""A training step: forward, back, update; and what lasts from one step, and one training, to the next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from bpframe.core.backprop.engine import Engine, Lane
from bpframe.core.backprop.held import Held
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.component import Optimizer
from bpframe.errors import DataError, TrainingError
from bpframe.machine.blas_threads import blas_threads
from bpframe.training.grouping import Updates
from bpframe.training.largest_product import largest_product
from bpframe.training.nonfinite import all_finite, nonfinite_error
from bpframe.training.optimizer_state import OptimizerState
from bpframe.validation.plain_arrays import Array

__all__ = ["Carried", "Stepper", "require_trained"]

Arrays = Mapping[str, Array]


def require_trained(held: Held) -> None:
    """Refuse a network all of whose parameters are frozen. Errors: TrainingError."""
    if not held.parameters and held.frozen:
        raise TrainingError(
            "nothing of the network is trained",
            expected="a parameter that is not frozen",
            received=f"frozen: {', '.join(held.frozen)}",
            hint="leave out frozen= or trainable=False for what training is to change",
        )


class Stepper:
    """Takes an optimizer's steps on an engine's parameters, inside `engine.training()`, in one lane.

    `last_pass` is the workspace of the last step.
    """

    def __init__(self, engine: Engine, optimizer: Optimizer, groups: Mapping[str, Optimizer], lane: Lane) -> None:
        self.engine = engine
        self.optimizer = optimizer
        self.groups = groups
        self.updates = Updates(optimizer, groups, engine.parameters, lane.gradient, engine.seed)
        self.gradient = lane.gradient
        self.last_pass: Workspace
        self._apply = self.updates.apply
        self._keeps_state = bool(engine.plan.state_slots)
        self._threads: dict[int, blas_threads] = {}
        self._before: tuple[Array, dict[str, Array], int, int, Any] | None = None

    def step(self, lane: Lane, inputs: Arrays, targets: Arrays) -> float:
        """Take a step on a batch and return its summed cost; NaN where that or the gradient is not finite.

        Nothing but the random streams has moved then.
        """
        cost, workspace = self.engine.differentiate(lane, inputs, targets, True, "training")
        self.last_pass = workspace
        if not math.isfinite(cost) or not all_finite(self.gradient.vector):
            return math.nan
        self._apply()
        if self._keeps_state:
            self.engine.state = workspace.new_state()
        return cost

    def step_or_go_back(self, lane: Lane, inputs: Arrays, targets: Arrays, epoch: int | None) -> float:
        """Take a step, in this epoch, and return its summed cost, or leave all but the random streams as it was.

        Errors: NonFiniteError (the cost, the gradient or the new parameters are not finite); those of a pass, and of an
        update.
        """
        count = len(next(iter(inputs.values())))
        if count not in self._threads:
            self._threads = {count: blas_threads(largest_product(self.engine.graph, count))}
        self.remember()
        if epoch is not None:
            self.updates.epoch = epoch
        try:
            with self._threads[count], np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                cost = self.step(lane, inputs, targets)
                if math.isnan(cost) or not all_finite(self.engine.parameters.vector):
                    when = f"in step {self.updates.step + math.isnan(cost)}"
                    raise nonfinite_error(self.last_pass, when, "the parameters as they were")
        except BaseException:
            self.go_back()
            raise
        return cost

    def remember(self) -> None:
        """Keep copies of what steps move, for `go_back`."""
        theta, arrays = self.engine.parameters.vector, self.updates.arrays()
        if self._before is None:
            kept = np.empty_like(theta), {name: np.empty_like(each) for name, each in arrays.items()}
        else:
            kept = self._before[:2]
        np.copyto(kept[0], theta)
        for name, array in kept[1].items():
            np.copyto(array, arrays[name])
        self._before = *kept, self.updates.step, self.updates.epoch, self.engine.state

    def go_back(self) -> None:
        """Go back to what was remembered: parameters, the optimizer's state, and the components'."""
        if self._before is not None:
            self.engine.parameters.vector[:], arrays, step, epoch, self.engine.state = self._before
            self.updates.go_on_from(arrays, step, epoch)


class Carried:
    """What an optimizer carries from one training to the next, and the stepper that is used again for it."""

    def __init__(self, state: OptimizerState | None = None) -> None:
        self._state = state
        self._asked_for = False
        self._stepper: Stepper | None = None
        #: Of single steps: the optimizer and groups as the user gave them, and the groups' optimizers, checked.
        self.single: tuple[Optimizer, Any, Mapping[str, Optimizer]] | None = None

    @property
    def state(self) -> OptimizerState | None:
        """The present state as a copy; None before the first step, and where the optimizer minimises."""
        return self._state if self._stepper is None else self._stepper.updates.state()

    def replace(self, state: OptimizerState | None) -> None:
        """Let the next training begin with this state, or anew; one that does not fit is then an error."""
        self._state, self._stepper = state, None
        self._asked_for = state is not None

    @contextmanager
    def kept_on_failure(self) -> Iterator[None]:
        """Go back to what there is now, of whatever optimizer, where something in the block fails."""
        before = self._state, self._stepper, self._asked_for
        try:
            yield
        except BaseException:
            self._state, self._stepper, self._asked_for = before
            raise

    def release(self) -> None:
        """Keep the state alone, and none of the arrays that steps work with."""
        self._state, self._stepper = self.state, None

    def stepper(self, engine: Engine, optimizer: Optimizer, groups: Mapping[str, Optimizer], lane: Lane) -> Stepper:
        """Return what takes the steps of this optimizer in this lane.

        It goes on from the state that there is, where that is one of the same kind of optimizer with arrays of the same
        names and shapes; otherwise the state starts anew.

        Errors: DataError (a state that the user has set does not fit); ContractError, SpecError (as of `Updates`).
        """
        kept = self._stepper
        same = kept is not None and kept.gradient is lane.gradient and kept.engine is engine
        if (
            kept is not None
            and same
            and kept.groups == groups
            and (kept.optimizer is optimizer or kept.optimizer == optimizer)
        ):
            return kept
        state, made = self.state, Stepper(engine, optimizer, groups, lane)
        if state is not None and made.updates.fits(state):
            made.updates.go_on_from(state, state.step, state.epoch)
        elif self._asked_for:
            raise DataError(
                f"the optimizer_state that was set does not fit {optimizer.kind}",
                expected=repr(made.updates.state()),
                received=repr(state),
                hint="net.optimizer_state = None starts anew",
            )
        self._state, self._stepper, self._asked_for = None, made, False
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Carried:
        copied = Carried(self.state)
        copied._asked_for = self._asked_for
        return copied

    def __getstate__(self) -> dict[str, Any]:
        return {"_state": self.state, "_asked_for": self._asked_for, "_stepper": None, "single": None}
