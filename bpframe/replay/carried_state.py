"""State in a recorded pass: brought in before a node's calls, and taken out after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.core.backprop.steps import Step
from bpframe.core.backprop.workspace import Workspace
from bpframe.replay.recorded import Recorded
from bpframe.replay.recorder import Recorder
from bpframe.replay.tape import NotRecordable
from bpframe.validation.plain_arrays import Array

__all__ = ["bring_in", "checked_state", "take_out"]


@dataclass(frozen=True, slots=True)
class _StateIn:
    """Copy the state that a node begins a pass with to where recorded calls read it."""

    workspace: Workspace
    slot: int
    arrays: Mapping[str, Array]

    def __call__(self) -> None:
        state = self.workspace.slots[self.slot]
        for name, array in self.arrays.items():
            np.copyto(array, state[name])


@dataclass(frozen=True, slots=True)
class _StateOut:
    """Keep copies of the state that recorded calls left."""

    workspace: Workspace
    slot: int
    arrays: Mapping[str, Array]

    def __call__(self) -> None:
        self.workspace.slots[self.slot] = {name: array.copy() for name, array in self.arrays.items()}


def bring_in(recorder: Recorder, step: Step) -> None:
    """Record that a node's state is brought in; the node's methods are handed it as recorded arrays."""
    workspace, slot = recorder.workspace, step.state_slot
    recorder.tape.begin(step.key, "state")
    arrays = {
        name: Recorded.of(np.empty(each.shape, workspace.dtype), recorder.tape)
        for name, each in step.node.state.items()
    }
    places = {name: each.place for name, each in arrays.items()}
    recorder.call(
        lambda array: _StateIn(workspace, slot, {name: array(place) for name, place in places.items()}),
        [], [], [*arrays.values()],
    )  # fmt: skip
    recorder.slots[slot] = arrays


def checked_state(recorder: Recorder, step: Step, new: Any) -> dict[str, Recorded]:
    """Return the state that a recorded forward left: recorded arrays of the declared names, shapes and dtype."""
    declared = step.node.state
    if not isinstance(new, Mapping) or set(new) != set(declared):
        raise NotRecordable("another state than it declares")
    for name, each in declared.items():
        array = new[name]
        if not isinstance(array, Recorded) or array.tape is not recorder.tape:
            raise NotRecordable("a state that does not come from the pass")
        if array.shape != each.shape or array.dtype != recorder.workspace.dtype:
            raise NotRecordable("a state of another shape or dtype")
    return dict(new)


def take_out(recorder: Recorder, step: Step, new: Mapping[str, Recorded]) -> None:
    """Record that the state that a node leaves is taken out."""
    workspace, slot = recorder.workspace, step.new_state_slot
    if slot is None:
        return
    kept = slot
    recorder.tape.begin(step.key, "new state")
    places = {name: each.place for name, each in new.items()}
    recorder.call(
        lambda array: _StateOut(workspace, kept, {name: array(place) for name, place in places.items()}),
        [], [*new.values()], [],
    )  # fmt: skip
