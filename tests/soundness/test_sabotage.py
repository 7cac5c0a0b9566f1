"""Faults that are planted in the repeating of passes are found by the random programs."""

from __future__ import annotations

import re

import numpy as np
import pytest

import bpframe.core.backprop.engine
import bpframe.replay.program
import bpframe.replay.repeating
from bpframe.core.backprop.steps import Understanding
from bpframe.machine.lanes import Lanes
from bpframe.replay import functions
from bpframe.replay.program import Program
from bpframe.replay.recorded import Recorded

from .generating import program_of
from .soak import found_in

PROGRAMS = 300


def a_view_of_an_input_is_not_refilled(patch) -> None:
    """What lies in the memory of an input stays where it was when the input is moved."""
    copy_in = Program._copy_in

    def without_views(self, slot, array):
        slots, before = self.workspace.slots, {}
        if not self._owned:
            given = set(self.record.given.values())
            before = {each: slots[each] for each, place in self.record.values.items() if place.root in given}
        copy_in(self, slot, array)
        for each, value in before.items():
            slots[each] = value

    patch.setattr(Program, "_copy_in", without_views)


def an_impure_method_is_taken_for_understood(patch) -> None:
    """Whatever counts its calls is read as plain."""
    understand = bpframe.replay.repeating.understand

    def believing(component, methods):
        counts = type(component).__module__.endswith(".counting")
        return Understanding(None, {}) if counts else understand(component, methods)

    patch.setattr(bpframe.replay.repeating, "understand", believing)


def a_write_into_a_fresh_array_is_frozen(patch) -> None:
    """What a method writes into an array that it made is a constant of the record."""
    understand, apply_function = bpframe.replay.repeating.understand, functions.apply_function

    def believing(component, methods):
        found = understand(component, methods)
        return Understanding(None, {}) if found.why and "write" in found.why else found

    def unrecorded(tape, kind, function, args, kwargs):
        if function in functions._WRITING and type(args[0]) is np.ndarray:
            return function(*(each.array if isinstance(each, Recorded) else each for each in args), **kwargs)
        return apply_function(tape, kind, function, args, kwargs)

    patch.setattr(bpframe.replay.repeating, "understand", believing)
    patch.setattr(functions, "apply_function", unrecorded)


def a_workspace_is_shared_by_threads(patch) -> None:
    def only_one(self):
        if not self._all:
            self._all.append(self._make())
        return self._all[0]

    patch.setattr(Lanes, "take", only_one)
    patch.setattr(Lanes, "give", lambda self, lane: None)


def a_result_is_overwritten_later(patch) -> None:
    """Predictions of one shape lie in one array."""
    outputs, kept = bpframe.core.backprop.engine.Engine.outputs, {}

    def in_one_place(self, inputs):
        found = outputs(self, inputs)
        for name, array in found.items():
            place = kept.setdefault((id(self), name, array.shape), np.empty_like(array))
            place[...] = array
            found[name] = place
        return found

    patch.setattr(bpframe.core.backprop.engine.Engine, "outputs", in_one_place)


def a_guard_of_a_constant_is_skipped(patch) -> None:
    patch.setattr(bpframe.replay.program, "guard", lambda reads: lambda: True)


#: The faults, and what the programs hold that are tried first.
FAULTS = {
    a_view_of_an_input_is_not_refilled: r"views\.",
    an_impure_method_is_taken_for_understood: r"counting\.",
    a_write_into_a_fresh_array_is_frozen: r"filling\.",
    a_workspace_is_shared_by_threads: r"see\.threads",
    a_result_is_overwritten_later: r"net\.predict",
    a_guard_of_a_constant_is_skipped: r"SCALE = |LEVEL = |FACTOR = ",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault, monkeypatch) -> None:
    """Some program shows with the fault what it does not show without."""
    programs = [program_of(seed) for seed in range(PROGRAMS)]
    for program in sorted(programs, key=lambda each: not re.search(FAULTS[fault], each.function)):
        with monkeypatch.context() as patch:
            fault(patch)
            found = found_in(program)
        if found and not found_in(program):
            return
    pytest.fail(f"none of {PROGRAMS} programs shows it")
