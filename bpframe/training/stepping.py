"""A training step: forward, back, update; and what lasts from one step, and one training, to the next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.categories import Constraint, Optimizer
from bpframe.categories.holding import asks_for
from bpframe.core.backprop.engine import Engine, Lane
from bpframe.core.backprop.held import Held
from bpframe.core.backprop.plan import Plan
from bpframe.core.backprop.weights import counting
from bpframe.core.backprop.workspace import Workspace
from bpframe.derivatives.points.alike import Alike
from bpframe.errors import DataError, NonFiniteError, StaleRecordError, TrainingError
from bpframe.machine.blas_threads import blas_threads
from bpframe.training.constraints import Projections
from bpframe.training.grouping import Updates
from bpframe.training.largest_product import largest_product
from bpframe.training.nonfinite import all_finite, nonfinite_error
from bpframe.training.optimizer_state import OptimizerState
from bpframe.validation.first_nonfinite import Found, noting_nonfinite
from bpframe.validation.plain_arrays import Array

__all__ = ["Carried", "Stepper", "require_trained"]

Arrays = Mapping[str, Array]

#: For so many numbers of examples, and shapes of open axes, it is kept how many threads BLAS takes.
KEPT_THREADS = 16


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
    """Takes an optimizer's steps on what a network holds, inside `training()`, in any lane of any of its engines.

    `last_pass` is the workspace of the last step; `epoch_ends` says whether the next one is the last of its epoch.
    """

    def __init__(
        self,
        engine: Engine,
        optimizer: Optimizer,
        groups: Mapping[str, Optimizer],
        lane: Lane,
        constraints: Mapping[str, Constraint],
    ) -> None:
        self.held = engine.held
        self.optimizer = optimizer
        self.groups = groups
        self.constraints = constraints
        self.updates = Updates(optimizer, groups, engine.parameters, lane.gradient, engine.seed)
        self.last_pass: Workspace
        self.noted: Sequence[Found] = ()
        self.epoch_ends = False
        self._theta = engine.parameters.vector
        self._gradient = lane.gradient.vector
        self._apply = self.updates.apply
        self._projections = Projections(constraints, engine)
        self._begun, self._whole = not self._projections, True
        #: Whether updates are told of each batch.
        self.tells = any(
            asks_for(each, word) for each in (optimizer, *groups.values()) for word in ("epoch_ends", "examples")
        )
        self._keeps_state = bool(engine.plan.state_slots)
        self._threads: dict[tuple[Plan, int], blas_threads] = {}
        self._before: tuple[Array, dict[str, Array], int, int, Any] | None = None

    @property
    def moved(self) -> bool:
        """Whether a step that failed has moved a part of θ, or of the optimizer's state."""
        return self.updates.moved or not self._whole

    def begin(self) -> None:
        """Bring the parameters to where their constraints want them. Errors: ContractError."""
        self._projections.begin()
        self._begun = True

    def step(self, engine: Engine, lane: Lane, inputs: Arrays, targets: Arrays) -> float:
        """Take a step on a batch and return its summed cost; NaN where that or the gradient is not finite.

        Nothing but the random streams has moved then.

        Errors: NonFiniteError (the optimizer's state is not finite any more).
        """
        with noting_nonfinite() as self.noted:
            cost, self.last_pass = engine.differentiate(lane, inputs, targets, True, "training")
        gradient = lane.gradient.vector
        large = not math.isfinite(gradient.dot(gradient))
        if not math.isfinite(cost) or (large and not np.isfinite(gradient).all()):
            return math.nan
        if self.tells:
            self.updates.tell(self.epoch_ends, _counted(engine, targets))
        if gradient is not self._gradient:  # another engine's, or another lane's
            np.copyto(self._gradient, gradient)
        self._apply()
        if self._projections:
            self._whole = False
            self._projections.apply()
            self._whole = True
        if large:
            self._check_state()
        if self._keeps_state:
            self.held.state = self.last_pass.new_state()
        return cost

    def _check_state(self) -> None:
        """Refuse a state that is not finite: a running mean of squares that is infinite holds a parameter for good."""
        for name, array in self.updates.arrays().items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                self._whole = False
                raise NonFiniteError(
                    f"optimizer '{self.optimizer.kind}': its state '{name}' is not finite in step {self.updates.step}",
                    expected="finite numbers",
                    received=f"a gradient with entries up to {np.abs(self._gradient).max():.3g}",
                    hint="scaled inputs and targets, clip_global_norm around the optimizer, or dtype='float64'",
                )

    def step_or_go_back(
        self, engine: Engine, lane: Lane, inputs: Arrays, targets: Arrays, count: int, epoch: int | None
    ) -> float:
        """Take a step, in this epoch, and return its summed cost, or leave all but the random streams as it was.

        Errors: NonFiniteError (the cost, the gradient or the new parameters are not finite); StaleRecordError (earlier
        steps were wrong: the parameters are those before them); those of a pass, and of an update.
        """
        threads = self._threads.get((engine.plan, count)) or self._threads_for(engine.plan, count)
        self.remember()
        if epoch is not None:
            self.updates.epoch = epoch
        try:
            if not self._begun:
                self.begin()
            with threads, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                cost = self.step(engine, lane, inputs, targets)
                if math.isnan(cost) or not all_finite(self._theta):
                    when = f"in step {self.updates.step + math.isnan(cost)}"
                    raise nonfinite_error(self.last_pass, when, "the parameters as they were", self.noted)
        except StaleRecordError:
            raise  # the parameters are those of the last step that was right
        except BaseException:
            self.go_back()
            raise
        return cost

    def remember(self) -> None:
        """Keep copies of what steps move, for `go_back`."""
        updates = self.updates
        theta, arrays = (np.empty_like(self._theta), {}) if self._before is None else self._before[:2]
        np.copyto(theta, self._theta)
        self._before = theta, updates.kept(arrays), updates.step, updates.epoch, self.held.state

    def go_back(self) -> None:
        """Go back to what was remembered: parameters, the optimizer's state, and the components'."""
        if self._before is not None:
            self._theta[:], arrays, step, epoch, self.held.state = self._before
            self.updates.go_on_from(arrays, step, epoch)
            self._whole = True

    def _threads_for(self, plan: Plan, count: int) -> blas_threads:
        """Return what sets BLAS's threads for steps on so many examples, and keep it for the next."""
        if len(self._threads) >= KEPT_THREADS:
            self._threads.clear()
        found = self._threads[plan, count] = blas_threads(largest_product(plan.graph, count))
        return found


def _counted(engine: Engine, targets: Arrays) -> float:
    """Return how much a batch's examples count together.

    Errors: TrainingError (they count differently in different outputs, so that no number says how much).
    """
    outputs = engine.graph.cost
    count = len(next(iter(targets.values())))
    if len(targets) == len(outputs):
        return float(count)
    sums = [float(counting(each, targets, count).sum(dtype=np.float64)) for each in outputs]
    if not np.allclose(sums, sums[0], rtol=1e-5, atol=0):
        raise TrainingError(
            "the optimizer asks how much a batch's examples count, which differs between outputs",
            received=", ".join(f"{total:g} in '{output}'" for output, total in zip(outputs, sums, strict=True)),
            hint="the same sample_weight for all outputs",
        )
    return sums[0]


class Carried:
    """What an optimizer carries from one training to the next, and the stepper that is used again for it."""

    def __init__(self, state: OptimizerState | None = None) -> None:
        self._state = state
        self._asked_for = False
        self._stepper: Stepper | None = None
        #: Of single steps: optimizer and groups as the user gave them, the groups' optimizers, checked; constraints.
        self.single: tuple[Optimizer, Any, Mapping[str, Optimizer], Any] | None = None
        #: Of single steps: how examples lay that were checked.
        self.alike: Alike | None = None

    @property
    def state(self) -> OptimizerState | None:
        """The present state as a copy; None before the first step, and where the optimizer minimises."""
        return self._state if self._stepper is None else self._stepper.updates.state()

    def replace(self, state: OptimizerState | None) -> None:
        """Let the next training begin with this state, or anew; one that does not fit is then an error."""
        self._state, self._stepper = state, None
        self._asked_for = state is not None

    def remembered(self) -> tuple[Any, ...]:
        """Return what `go_back` takes to go back to what there is now, of whatever optimizer."""
        return self._state, self._stepper, self._asked_for

    def go_back(self, remembered: tuple[Any, ...]) -> None:
        """Go back to what there was."""
        self._state, self._stepper, self._asked_for = remembered

    def release(self) -> None:
        """Keep the state alone, and none of the arrays that steps work with."""
        self._state, self._stepper = self.state, None

    def stepper(
        self,
        engine: Engine,
        optimizer: Optimizer,
        groups: Mapping[str, Optimizer],
        lane: Lane,
        constraints: Mapping[str, Constraint] | None = None,
    ) -> Stepper:
        """Return what takes the steps of this optimizer: one for all engines that share what is held.

        It goes on from the state that there is, where that is one of the same kind of optimizer with arrays of the same
        names, shapes and kinds of numbers; otherwise the state starts anew.

        Errors: DataError (a state that the user has set does not fit); ContractError, SpecError (as of `Updates`).
        """
        kept = self._stepper
        if kept is not None and kept.held is engine.held:
            same = (kept.groups is groups or kept.groups == groups) and kept.constraints == (constraints or {})
            if same and (kept.optimizer is optimizer or kept.optimizer == optimizer):
                return kept
        state, made = self.state, Stepper(engine, optimizer, groups, lane, constraints or {})
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
        return {"_state": self.state, "_asked_for": self._asked_for, "_stepper": None, "single": None, "alike": None}
