"""Faults that are planted in the repeating of passes are found by the random programs."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe import plan
from bpframe import program as program_module
from bpframe.component.understanding import Understanding
from bpframe.engine import Engine
from bpframe.execution import functions
from bpframe.execution.recorded import Recorded
from bpframe.lanes import Lanes
from bpframe.program import Program

from .generating import program_of
from .soak import found_in

PROGRAMS = 300


def an_input_view_is_not_refilled(patch) -> None:
    """Another array is put in the place of the one that calls are bound to, and its views stay where they were."""

    def only_the_array_itself(self, slot, array):
        self._given = {**self._given, slot: array}
        self.workspace.slots[slot] = array

    patch.setattr(Program, "_copy_in", only_the_array_itself)


def an_impure_method_is_taken_for_understood(patch) -> None:
    patch.setattr(plan, "understand", lambda component, methods: Understanding(None, ()))


def a_write_into_a_fresh_array_is_frozen(patch) -> None:
    """What a method writes into an array that it made is taken for a constant."""
    understand, apply_function = plan.understand, functions.apply_function

    def trusting(component, methods):
        found = understand(component, methods)
        return Understanding(None, ()) if found.why and "write" in found.why else found

    def unrecorded(tape, kind, function, args, kwargs):
        if function in functions._WRITING and type(args[0]) is np.ndarray:
            return function(*(each.array if isinstance(each, Recorded) else each for each in args), **kwargs)
        return apply_function(tape, kind, function, args, kwargs)

    patch.setattr(plan, "understand", trusting)
    patch.setattr(functions, "apply_function", unrecorded)


def a_result_is_overwritten_later(patch) -> None:
    """Predictions of one shape lie in one array."""
    outputs, kept = Engine.outputs, {}

    def in_one_place(self, inputs):
        found = outputs(self, inputs)
        for name, array in found.items():
            place = kept.setdefault((id(self), name, array.shape), np.empty_like(array))
            place[...] = array
            found[name] = place
        return found

    patch.setattr(Engine, "outputs", in_one_place)


def threads_share_a_lane(patch) -> None:
    take = Lanes.take

    def first_of_all(self):
        take(self)
        return self._all[0]

    patch.setattr(Lanes, "take", first_of_all)


def a_guard_of_a_constant_is_skipped(patch) -> None:
    patch.setattr(program_module, "guard", lambda reads: lambda: True)


FAULTS = [
    an_input_view_is_not_refilled,
    an_impure_method_is_taken_for_understood,
    a_write_into_a_fresh_array_is_frozen,
    a_result_is_overwritten_later,
    threads_share_a_lane,
    a_guard_of_a_constant_is_skipped,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault, monkeypatch) -> None:
    """Some program shows with the fault what it does not show without."""
    for seed in range(PROGRAMS):
        program = program_of(seed)
        with monkeypatch.context() as patch:
            fault(patch)
            found = found_in(program)
        if found and not found_in(program):
            return
    pytest.fail(f"none of {PROGRAMS} programs shows it")
