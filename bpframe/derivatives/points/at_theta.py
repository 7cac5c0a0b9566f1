"""Examples that are run at one θ after another, all at once or in portions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpframe.core.backprop.forward import forward
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.graph.parameters import ParameterVector, slices_of
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.derivatives.points.memory import example_bytes, portion, portions
from bpframe.derivatives.points.portions import Portions
from bpframe.validation.plain_arrays import Array

__all__ = ["Passes"]


class Passes:
    """The linearisation of a network with its cost at any θ, which is not the engine's own.

    Workspaces are used again. Where all examples fit into one portion, a second call at the same θ and with the same
    state of the network runs nothing; with `training` every call does, because random numbers are drawn anew.

    Attributes: `count` N, `size` P, `parameters` of the last pass, `places` of each in θ by path.
    """

    def __init__(self, examples: Portions) -> None:
        self.examples = examples
        self.engine = engine = examples.engine
        self.training = examples.training
        self.count = examples.count
        self.size = engine.parameters.vector.size
        self.places = slices_of(engine.parameters.shapes)
        self.parameters = engine.parameters.copy()
        self._state = engine.state
        self._workspaces: dict[int, Workspace] = {}
        self._known: Linearisation | None = None  # all examples, at the θ in self.parameters
        self._columns: int | None = None
        #: What one example takes in a pass, without the inputs: they are others', and nothing is pulled back to them.
        self.bytes_each = example_bytes((node.output_shape for node in engine.graph.nodes), engine.dtype)

    @property
    def columns(self) -> int:
        """The columns of one example's roots, as many for every example."""
        if self._columns is None and self._known is None and self._in_one:
            self.all(self.engine.parameters.vector)  # most callers then ask for these examples at this θ
        if self._columns is None and self._known is not None:
            self._columns = self._known.root_count
        if self._columns is None:
            inputs, targets = self.examples.arrays(slice(0, 1))
            workspace = self._new_workspace(1, self.engine.parameters)
            forward(workspace, inputs, False)
            self._columns = Linearisation(Trace(workspace), targets).root_count
        return self._columns

    def cost(self, theta: Array) -> float:
        """Return the cost added over all examples, from a forward pass; NaN and infinity are returned.

        Added in double precision, because a gain ratio compares costs that nearly agree.
        """
        with np.errstate(all="ignore"):
            if self._in_one:
                return total_cost(self.all(theta))
            self._move(theta)
            return sum(total_cost(self._point(rows)) for rows in portions(self.count, self.bytes_each))

    def all(self, theta: Array) -> Linearisation:
        """Return all examples in one pass."""
        known = None if self._state is not self.engine.state else self._known
        if known is None or not np.array_equal(theta, self.parameters.vector):
            self._move(theta)
            known = self._point(slice(0, self.count))
            self._known = None if self.training else known
        return known

    def at(self, theta: Array, bytes_each: int) -> Iterator[tuple[Linearisation, slice]]:
        """Yield the examples at θ in portions, each with its rows, where an example takes so many bytes."""
        parts = portions(self.count, bytes_each)
        if len(parts) > 1:
            self._move(theta)
        for rows in parts:
            point = self._point(rows) if len(parts) > 1 else self.all(theta)
            yield point, rows
            point.trace.workspace.checked = True  # forward, Jacobians and cost have all been asked

    def kept(self, theta: Array) -> Linearisation:
        """Return all examples in a pass of its own, which no later one overwrites."""
        parameters = self.engine.parameters.like(np.array(theta, self.engine.dtype))
        workspace = self._new_workspace(self.count, parameters)
        forward(workspace, self.examples.inputs, self.training)
        return Linearisation(Trace(workspace), self.examples.targets)

    @property
    def _in_one(self) -> bool:
        """Whether all examples are run at once, and are known until θ moves."""
        return not self.training and portion(self.count, self.bytes_each) == self.count

    def _move(self, theta: Array) -> None:
        self._known = None
        if self._state is not self.engine.state:  # mini-batches replace it
            self._state = self.engine.state
            for workspace in self._workspaces.values():
                workspace.hand_in_state(self._state)
        self.parameters.vector[...] = theta

    def _point(self, rows: slice) -> Linearisation:
        (inputs, targets), batch = self.examples.arrays(rows), rows.stop - rows.start
        if batch not in self._workspaces:
            if len(self._workspaces) > 1:  # a portion and the last, smaller one
                self._workspaces.clear()
            self._workspaces[batch] = self._new_workspace(batch, self.parameters)
        workspace = self._workspaces[batch]
        forward(workspace, inputs, self.training)
        return Linearisation(Trace(workspace), targets)

    def _new_workspace(self, batch: int, parameters: ParameterVector) -> Workspace:
        return self.engine.new_workspace(batch, "training" if self.training else "evaluation", parameters)


def total_cost(point: Linearisation) -> float:
    """Add the costs of a portion's examples, in double precision."""
    return float(np.add.reduce(point.costs, dtype=np.float64))
