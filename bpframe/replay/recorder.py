"""Writes a tape while components compute: the arrays of a pass by slot, and what becomes of nodes that are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bpframe.core.backprop.steps import OUTSIDE, TRAINING, CostStep, Step
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.replay.direct import why_called
from bpframe.replay.located import replaced
from bpframe.replay.recorded import Recorded
from bpframe.replay.tape import Direct, NotRecordable, Tape
from bpframe.validation.plain_arrays import Array

__all__ = ["MOST_CALLS", "Recorder"]

#: What one node does in one direction is recorded up to so many calls. A recorded call takes about 50 µs, at first and
#: each time that the record is held against the components again; repeating saves 50 to 100 µs a node, however many
#: calls it makes, and next to nothing a call in its loops. So many pay for themselves in a few thousand passes.
MOST_CALLS = 256


class Recorder:
    """The tape of a pass in a workspace that was checked, and the recorded arrays in the slots that steps read.

    `given` are inputs and targets by slot. Nodes in `direct` are not recorded; those that turn out not to be recordable
    are added to it, with why. What is computed is right either way; the tape can be done again where `complete`.
    """

    def __init__(
        self, workspace: Workspace, training: bool, given: Mapping[int, Array], direct: dict[str, str]
    ) -> None:
        self.workspace = workspace
        self.direct = direct
        self.complete = True
        self.tape = Tape()
        plan, slots = workspace.plan, workspace.slots
        self.slots: list[Any] = [None] * plan.size
        self._why = ""
        self.tape.begin("network", "arrays")
        slots[TRAINING] = self.slots[TRAINING] = training
        self.slots[OUTSIDE] = slots[OUTSIDE]
        self.given = {slot: self.pinned(array) for slot, array in given.items()}
        for slot, recorded in self.given.items():
            slots[slot], self.slots[slot] = read_only(recorded.array), recorded
        for slot in plan.gradient_slots.values():
            if slots[slot] is not None:  # a gradient is wanted
                self.slots[slot] = self.pinned(slots[slot])
        views = workspace.parameters.views | workspace.frozen.views
        parameters = {path: self.pinned(view) for path, view in views.items()}
        for step in plan.steps:
            node = step.node
            self.slots[step.parameter_slot] = {name: parameters[node.parameter_path(name)] for name in node.parameters}

    def pinned(self, array: Array) -> Recorded:
        """Return an array that outlives the pass, recorded."""
        return Recorded.of(array, self.tape, pinned=True)

    def empty(self, shape: Iterable[int]) -> Recorded:
        """Return a new array, a batch of this shape."""
        return Recorded.of(self.workspace.empty(tuple(shape)), self.tape)

    def may_record(self, step: Step | CostStep) -> bool:
        """Whether methods are not known to need a call in every pass; of those that do, note why."""
        why = why_called(step)
        if why is not None:
            self.direct.setdefault(step.key, why)
        return step.key not in self.direct

    def checked(self, value: Any, shape: Iterable[int]) -> Any:
        """Return a recorded array of this pass: a batch of this shape."""
        if not isinstance(value, Recorded) or value.tape is not self.tape:
            raise NotRecordable("an array that does not come from the pass")
        if value.shape != (self.workspace.batch, *shape) or value.dtype != self.workspace.dtype:
            raise NotRecordable("another shape or dtype")
        return value

    def tried(self, function: Callable[[], Any]) -> Any:
        """Return what is computed; None, with nothing recorded, where it cannot be recorded."""
        self.tape.most = MOST_CALLS
        try:
            found = function()
            if self.tape.refused is None:
                return found
        except Exception as error:  # whatever it is: called directly it shows itself as what it is
            self.tape.refused = self.tape.refused or f"{type(error).__name__}: {error}"
        finally:
            self.tape.most = None
        self._why = self.tape.refused
        self.tape.begin_again()
        return None

    def give_up(self, step: Step | CostStep, *, saved: bool = False) -> None:
        """Have a node that was tried in vain called; `saved` is what its forward kept in recorded arrays."""
        self.direct[step.key] = self._why
        self.complete = False
        if saved and step.saved_slot is not None:
            kept = replaced(self.slots[step.saved_slot], lambda each: each.array)
            self.workspace.slots[step.saved_slot] = kept

    def call(self, made: Direct, slots: Sequence[int], others: Sequence[Recorded], written: Sequence[Recorded]) -> None:
        """Call a component: the present segment is this call, what it touches, and what it left where."""
        touched = [each for slot in slots if isinstance(each := self.slots[slot], Recorded)] + [*others, *written]
        made({each.place: each.array for each in touched}.__getitem__)()
        segment = self.tape.segments[-1]
        segment.direct = made
        segment.touched = tuple(each.place for each in touched)
        segment.left = [(each.place, each.array.copy()) for each in written]
