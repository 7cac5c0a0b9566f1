"""Examples that are linearised in portions, so that what is kept of them stays within memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from weakref import WeakKeyDictionary

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.forward import forward
from bpframe.core.backprop.trace import Trace
from bpframe.derivatives.points.linearisation import Linearisation, refuse_coupled
from bpframe.derivatives.points.memory import PORTION_BYTES, portion, slices
from bpframe.validation.plain_arrays import Array

__all__ = ["Portions", "in_turn"]


#: What the pulled-back vectors of one example take, by network: found once, where it matters.
_FORM_BYTES: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()


def in_turn(
    engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array], parts: Iterable[slice], purpose: str
) -> Iterator[Linearisation]:
    """Linearise checked examples with training switched off, one portion after another.

    Each is valid until the next: their workspaces are used again, and what a first pass has checked is not checked
    again. Callers of one purpose ask for the same things.

    Errors: BatchCoupledError that names a node whose component couples the examples.
    """
    with engine.lane() as lane:
        for rows in parts:
            some_inputs, some_targets = (
                {name: array[rows] for name, array in arrays.items()} for arrays in (inputs, targets)
            )
            workspace = engine.kept_workspace(lane, rows.stop - rows.start, purpose)
            forward(workspace, some_inputs)
            trace = Trace(workspace)
            refuse_coupled(trace)
            try:
                yield Linearisation(trace, some_targets)
                workspace.checked = True  # forward, Jacobians and cost have all been asked
            finally:
                workspace.let_go()


class Portions:
    """Examples whose gradients are asked for one by one: how many at once, and their linearisations.

    With `training` all go at once, since examples may share random numbers and batch statistics.

    Attributes: `count` N; `slices`, the portions.

    Errors: BatchCoupledError that names a node whose component couples the examples.
    """

    def __init__(
        self, engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array], training: bool = False
    ) -> None:
        self.engine = engine
        self.inputs = inputs
        self.targets = targets
        self.training = training
        self.count = len(next(iter(inputs.values())))
        step = self.count if training else portion(self.count, self._bytes_each())
        self.slices = slices(self.count, step)

    def __iter__(self) -> Iterator[tuple[slice, Linearisation]]:
        """Go through the portions; outside training each is valid until the next."""
        if self.training:
            return ((rows, self.at(rows)) for rows in self.slices)
        points = in_turn(self.engine, self.inputs, self.targets, self.slices, "per example")
        return zip(self.slices, points, strict=True)

    def at(self, rows: slice) -> Linearisation:
        """Linearise some examples; nobody else writes the arrays."""
        inputs, targets = (
            {name: array[rows] for name, array in arrays.items()} for arrays in (self.inputs, self.targets)
        )
        point = Linearisation.at(self.engine, inputs, targets, self.training)
        refuse_coupled(point.trace)
        return point

    def _bytes_each(self) -> int:
        """About how many bytes a pass takes for one example, with all its pulled-back vectors."""
        engine = self.engine
        itemsize = int(engine.dtype.itemsize)
        passed = 4 * sum(math.prod(shape) for shape in engine.graph.shapes.values()) * itemsize
        most = passed + 2 * engine.parameters.vector.size * itemsize
        if self.count * most <= PORTION_BYTES:
            return most
        if engine not in _FORM_BYTES:
            point = self.at(slice(0, 1))
            _FORM_BYTES[engine] = sum(form.nbytes for _, form in point.parameter_forms(point.errors))
        return passed + 2 * _FORM_BYTES[engine]
