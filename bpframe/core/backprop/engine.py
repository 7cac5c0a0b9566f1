"""A graph with its arrays: parameters and state, and the passes that are done again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from bpframe.core.backprop.called_pass import CalledPass, MakePass, Pass, Wanted
from bpframe.core.backprop.forward import forward
from bpframe.core.backprop.held import Held, copied
from bpframe.core.backprop.penalties import Penalties
from bpframe.core.backprop.plan import Plan
from bpframe.core.backprop.rows import rows_of, slices
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.weights import Scale, scale_of
from bpframe.core.backprop.workspace import NodeState, Workspace
from bpframe.core.graph.parameters import ParameterVector
from bpframe.machine import lanes
from bpframe.validation.plain_arrays import Array

__all__ = ["Engine", "Lane"]

Arrays = Mapping[str, Array]

#: What one thread at a time works with.
Lane: TypeAlias = lanes.Lane[ParameterVector]

#: How many examples an evaluation runs at once, so that its memory does not grow with the data.
EVALUATION_BATCH = 1024

#: What a pass is given that wants outputs alone.
NO_TARGETS: Arrays = MappingProxyType({})

#: How many numbers the values of an evaluation pass may be for it to be kept for another time.
SMALL_PASS = 1 << 16


class Engine:
    """Runs a plan. Callers have checked their arrays; every array here has the network's dtype.

    What the network's parameters cost by themselves, its `penalties`, is part of the mean cost; of the sum over N
    examples it is N times that.

    `make_pass` makes what does a pass of one kind again and again: by calling the components each time, or something
    that gives the same bytes. Any number of threads may evaluate; `training` shuts the others out. Engines of several
    plans may share what is `held`; `others` then finds the one of some inputs.
    """

    def __init__(
        self,
        plan: Plan,
        dtype: Any,
        seed: int,
        make_pass: MakePass = CalledPass,
        held: Held | None = None,
        others: Callable[[Arrays], Engine] | None = None,
    ) -> None:
        self.plan = plan
        self.graph = plan.graph
        self.make_pass = make_pass
        self.penalties = Penalties(plan.graph.penalties)
        self.held = Held(plan.graph, dtype, seed) if held is None else held
        self.parameters, self.frozen, self.dtype = self.held.parameters, self.held.frozen, self.held.dtype
        self._others = others
        parameters = self.parameters  # not the engine, which goes when nobody has it
        self._lanes = lanes.Lanes(lambda: lanes.Lane(parameters.like()), self.held.gate)
        self._entries = sum(math.prod(shape) for shape in self.graph.shapes.values())

    @property
    def seed(self) -> int:
        """Where the random streams start."""
        return self.held.seed

    @property
    def state(self) -> Mapping[str, NodeState]:
        """What nodes carry from step to step, by node and name; steps replace it."""
        return self.held.state

    @state.setter
    def state(self, state: Mapping[str, NodeState]) -> None:
        self.held.state = state

    def copy(self, dtype: Any = None) -> Engine:
        """Return another engine with the same parameters and state, in this dtype; its random streams begin anew."""
        copy = Engine(self.plan, self.dtype if dtype is None else dtype, self.seed, self.make_pass)
        copy.parameters.vector[:] = self.parameters.vector
        copy.frozen.vector[:] = self.frozen.vector
        copy.state = copied(self.state, copy.dtype)
        return copy

    def at(self, inputs: Arrays) -> Engine:
        """Return the engine of inputs of these shapes: this one, or one of the others that share what is held."""
        return self if self._others is None else self._others(inputs)

    def generator(self, name: str, purpose: str) -> np.random.Generator:
        """Return the random stream of one node, or of one other job, in passes of one purpose."""
        return self.held.generator(name, purpose)

    # Threads --------------------------------------------------------------------------------------------------------

    def lane(self) -> AbstractContextManager[Lane]:
        """Have a lane inside the block: the parameters stay as they are. Errors: ConcurrencyError."""
        return self._lanes.taken()

    def training(self) -> AbstractContextManager[None]:
        """Let no other thread have a lane inside the block. Errors: ConcurrencyError."""
        return self.held.gate.trained()

    # Passes ---------------------------------------------------------------------------------------------------------

    def trace(
        self,
        inputs: Arrays,
        training: bool = False,
        parameters: ParameterVector | None = None,
        frozen: ParameterVector | None = None,
    ) -> Trace:
        """Run a batch forward and return its trace, whose values nobody else writes.

        Its Jacobians read from `parameters` and `frozen`: the engine's own, which may change, where none are given.
        """
        workspace = self.new_workspace(_count(inputs), "evaluation", parameters, frozen=frozen)
        forward(workspace, inputs, training)
        return Trace(workspace)

    def differentiate(
        self,
        lane: Lane,
        inputs: Arrays,
        targets: Arrays,
        training: bool,
        purpose: str = "evaluation",
        scale: Scale | None = None,
    ) -> tuple[float, Workspace]:
        """Write the gradient of the mean cost into the lane's; return the summed cost and the workspace.

        The mean is that of these examples, with 0 where none counts, and penalties. With a `scale` of one's own both
        are of the examples alone. The workspace is used again by the next call with as many examples. It may keep no
        node's value.
        """
        batch, penalties = _count(inputs), self.penalties if scale is None else None
        if scale is None:
            scale = scale_of(self.plan.costs, targets, batch)
        repeated = self._pass(lane, batch, purpose, training, Wanted.GRADIENT, targets)
        total = repeated.run(inputs, targets, scale)
        if penalties:
            penalties.add_gradient(self.parameters.views, lane.gradient.views)
            total += batch * penalties.cost(self.parameters.views)
        return total, repeated.workspace

    def gradient(
        self,
        inputs: Arrays,
        targets: Arrays,
        training: bool,
        purpose: str = "evaluation",
        scale: Scale | None = None,
    ) -> tuple[float, ParameterVector]:
        """Return the summed cost and the gradient of the mean cost, or of `scale` times that of the examples."""
        with self.lane() as lane:
            total, _ = self.differentiate(lane, inputs, targets, training, purpose, scale)
            return total, lane.gradient.copy()

    def outputs(self, inputs: Arrays) -> dict[str, Array]:
        """Return every output for all examples, computed in portions."""
        count, slots = _count(inputs), self.plan.output_slots
        with self.lane() as lane:
            if self._is_small(count):
                repeated = self._pass(lane, count, "evaluation", False, Wanted.OUTPUTS)
                repeated.run(inputs, {})
                values = repeated.workspace.slots
                return {name: values[slot].copy() for name, slot in slots.items()}
            found = {name: np.empty((count, *self.graph.shapes[name]), self.dtype) for name in slots}
            for rows, workspace, _ in self._in_portions(Wanted.OUTPUTS, inputs, {}, count):
                for name, slot in slots.items():
                    found[name][rows] = workspace.slots[slot]
            return found

    def total_cost(self, inputs: Arrays, targets: Arrays) -> float:
        """Return the cost summed over all examples, each times its factor, computed in portions, with penalties."""
        count = _count(inputs)
        with self.lane() as lane:
            penalty = count * self.penalties.cost(self.parameters.views)
            if self._is_small(count):
                return penalty + self._pass(lane, count, "evaluation", False, Wanted.COSTS, targets).run(
                    inputs, targets
                )
            return penalty + sum(total for _, _, total in self._in_portions(Wanted.COSTS, inputs, targets, count))

    def new_workspace(
        self,
        batch: int,
        purpose: str,
        parameters: ParameterVector | None = None,
        gradient: ParameterVector | None = None,
        frozen: ParameterVector | None = None,
    ) -> Workspace:
        """Return a workspace in which nothing has run, with the present state; it reads `parameters`, or the own ones.

        Random numbers come from the streams of `purpose`.
        """
        held = self.held
        return Workspace(
            self.plan,
            batch,
            self.parameters if parameters is None else parameters,
            self.frozen if frozen is None else frozen,
            self.state,
            lambda name: held.generator(name, purpose),
            gradient,
        )

    def kept_workspace(self, lane: Lane, batch: int, purpose: str) -> Workspace:
        """Return the workspace that a lane's forward passes of this size and purpose share, with the present state."""
        key = batch, purpose
        found: Workspace = lane.kept(key) or lane.keep(key, self.new_workspace(batch, purpose), batch * self._entries)
        found.hand_in_state(self.state)
        return found

    def _pass(
        self, lane: Lane, batch: int, purpose: str, training: bool, wanted: Wanted, targets: Arrays = NO_TARGETS
    ) -> Pass:
        """Return what does passes of one kind, with the present state; those with weights are another kind."""
        key = batch, purpose, training, wanted, *targets
        found: Pass | None = lane.kept(key)
        if found is None:
            gradient = lane.gradient if wanted is Wanted.GRADIENT else None
            workspace = self.new_workspace(batch, purpose, gradient=gradient)
            found = lane.keep(key, self.make_pass(workspace, training, wanted), batch * self._entries)
        if self.plan.state_slots:
            found.workspace.hand_in_state(self.state)
        return found

    def _is_small(self, count: int) -> bool:
        """Whether a pass spends more time between NumPy's calls than in them, so that it pays to prepare the next."""
        return 0 < count <= EVALUATION_BATCH and count * self._entries <= SMALL_PASS

    def _in_portions(
        self, wanted: Wanted, inputs: Arrays, targets: Arrays, count: int
    ) -> Iterator[tuple[slice, Workspace, float]]:
        """Do an evaluation in portions; yield the rows of each, the workspace and the summed cost."""
        passing: CalledPass | None = None
        for rows in slices(count, EVALUATION_BATCH) or [slice(0, 0)]:
            batch = rows.stop - rows.start
            if passing is None or passing.workspace.batch != batch:
                passing = CalledPass(self.new_workspace(batch, "evaluation"), False, wanted)
            total = passing.run(*rows_of(rows, inputs, targets))
            yield rows, passing.workspace, total


def _count(arrays: Arrays) -> int:
    return len(next(iter(arrays.values())))
