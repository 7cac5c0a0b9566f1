"""What every direction of a recorded pass shares: the arrays by slot, and what becomes of nodes that are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bpframe.core.backprop.steps import TRAINING
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.replay.recorded import Recorded
from bpframe.replay.tape import NotRecordable, Place, Tape
from bpframe.validation.plain_arrays import Array

__all__ = ["RecordedPass", "Resolve"]

#: Turns a place into the array there.
Resolve = Callable[[Place], Array]


class RecordedPass:
    """A pass in a workspace that was checked, done and recorded at once.

    `given` are inputs and targets by slot, `scale` multiplies the gradient, an array without axes that stays where it
    is. Nodes in `direct` are not recorded; those that turn out not to be recordable
    are added to it, with why. What is computed is right either way; the record can be done again where `complete`.
    """

    def __init__(
        self,
        workspace: Workspace,
        training: bool,
        given: Mapping[int, Array],
        scale: Array,
        direct: dict[str, str],
    ) -> None:
        self.workspace = workspace
        self.scale = scale
        self.direct = direct
        self.complete = True
        self.why = ""
        self.tape = tape = Tape()
        plan, slots = workspace.plan, workspace.slots
        self._recorded: list[Any] = [None] * plan.size
        self._deltas: list[Recorded | None] = [None] * plan.size
        tape.begin("network", "arrays")
        slots[TRAINING] = self._recorded[TRAINING] = training
        self._given = {slot: self._pinned(array) for slot, array in given.items()}
        for slot, recorded in self._given.items():
            slots[slot], self._recorded[slot] = read_only(recorded.array), recorded
        for slot in plan.gradient_slots.values():
            if slots[slot] is not None:  # a gradient is wanted
                self._recorded[slot] = self._pinned(slots[slot])
        parameters = {path: self._pinned(view) for path, view in workspace.parameters.views.items()}
        for step in plan.steps:
            node = step.node
            self._recorded[step.parameter_slot] = {
                name: parameters[node.parameter_path(name)] for name in node.parameters
            }
        self._total: Recorded | None = None
        self._values: dict[int, Place] = {}

    def _checked(self, value: Any, shape: Iterable[int]) -> Any:
        if not isinstance(value, Recorded) or value.tape is not self.tape:
            raise NotRecordable("an array that does not come from the pass")
        if value.shape != (self.workspace.batch, *shape) or value.dtype != self.workspace.dtype:
            raise NotRecordable("another shape or dtype")
        return value

    def _tried(self, function: Callable[[], Any]) -> Any:
        """Return what is computed; None, with nothing recorded, where it cannot be recorded."""
        try:
            found = function()
            if self.tape.refused is None:
                return found
        except Exception as error:  # whatever it is: called directly it shows itself as what it is
            self.tape.refused = self.tape.refused or f"{type(error).__name__}: {error}"
        self.why = self.tape.refused
        self.tape.begin_again()
        return None

    def _give_up(self, name: str) -> None:
        self.direct[name] = self.why
        self.complete = False

    def _is_direct(
        self,
        made: Callable[[Resolve], Callable[[], object]],
        slots: Sequence[int],
        others: Sequence[Recorded],
        written: Sequence[Recorded],
    ) -> None:
        """Say that the present segment is a call of a component, what it touches, and what it left where."""
        segment = self.tape.segments[-1]
        segment.direct = made
        touched = [*(self._recorded[slot] for slot in slots), *others, *written]
        segment.touched = tuple(each.place for each in touched if isinstance(each, Recorded))
        segment.left = [(each.place, each.array.copy()) for each in written]

    def _pinned(self, array: Array) -> Recorded:
        return Recorded.of(array, self.tape, pinned=True)

    def _empty(self, shape: Iterable[int]) -> Recorded:
        return Recorded.of(self.workspace.empty(tuple(shape)), self.tape)
