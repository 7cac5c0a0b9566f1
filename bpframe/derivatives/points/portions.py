"""Examples that are taken in portions, so that what is computed of them at once stays within memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.forward import forward
from bpframe.core.backprop.rows import rows_of
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import Workspace
from bpframe.derivatives.points.linearisation import Linearisation, refuse_coupled
from bpframe.derivatives.points.memory import example_bytes, portions
from bpframe.validation.plain_arrays import Array

__all__ = ["Portions"]


class Portions:
    """Checked examples at the network's own θ: how many at once, their arrays, and their linearisations.

    With `training` all go at once, since examples may share random numbers and batch statistics. `more_bytes` are what
    an example takes besides `bytes_each`, its linearisation with every value and input.

    Attributes: `count` N; `bytes_each`.

    Errors, where examples are linearised: BatchCoupledError that names a node whose component couples them.
    """

    def __init__(
        self, engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array], training: bool = False
    ) -> None:
        self.engine = engine
        self.inputs = inputs
        self.targets = targets
        self.training = training
        self.count = len(next(iter(inputs.values())))
        self.bytes_each = example_bytes(engine.graph.shapes.values(), engine.dtype)

    def slices(self, more_bytes: int = 0) -> list[slice]:
        """Return the rows of every portion."""
        if self.training:
            return [slice(0, self.count)]
        return portions(self.count, self.bytes_each + more_bytes)

    def arrays(self, rows: slice) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Return inputs and targets of some examples."""
        return rows_of(rows, self.inputs, self.targets)

    def at(self, rows: slice) -> Linearisation:
        """Linearise some examples; nobody else writes the arrays."""
        point = Linearisation.at(self.engine, *self.arrays(rows), self.training)
        refuse_coupled(point.trace)
        return point

    def in_turn(self, purpose: str, more_bytes: int = 0) -> Iterator[tuple[slice, Linearisation]]:
        """Linearise one portion after another; outside training each is valid until the next.

        Their workspaces are used again, and what a first pass has checked is not checked again: callers of one purpose
        ask for the same things.
        """
        if self.training:
            yield from ((rows, self.at(rows)) for rows in self.slices())
            return
        with self.engine.lane() as lane:
            for rows in self.slices(more_bytes):
                inputs, targets = self.arrays(rows)
                workspace = self.engine.kept_workspace(lane, rows.stop - rows.start, purpose)
                forward(workspace, inputs)
                trace = Trace(workspace)
                refuse_coupled(trace)
                try:
                    yield rows, Linearisation(trace, targets)
                    workspace.checked = True  # forward, Jacobians and cost have all been asked
                finally:
                    _let_go(workspace)


def _let_go(workspace: Workspace) -> None:
    """Keep no inputs and targets, nor what was computed from them, until the next pass."""
    plan = workspace.plan
    for slot in (*plan.value_slots.values(), *plan.target_slots.values()):
        workspace.slots[slot] = None
    for slot in plan.saved_slots:
        workspace.slots[slot] = {}
