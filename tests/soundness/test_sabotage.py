"""Faults that are planted in the repeating of passes are found by the random programs."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.engine import Engine
from bpframe.execution.recorded import Recorded
from bpframe.program import Program

from .generating import program_of
from .soak import found_in

PROGRAMS = 300


def an_input_view_is_not_refilled(patch) -> None:
    """An array that is handed in as a view with gaps leaves the numbers of the pass before in place."""
    take = Program._take

    def only_whole(self, slot, array):
        if slot not in self._own or array.flags.c_contiguous:
            take(self, slot, array)

    patch.setattr(Program, "_take", only_whole)


def an_impure_method_is_taken_for_understood(patch) -> None:
    """What takes a number out of an array is recorded with that number."""
    patch.setattr(Recorded, "__float__", lambda self: float(self.array))
    patch.setattr(Recorded, "__bool__", lambda self: bool(self.array))


def a_write_into_a_fresh_array_is_frozen(patch) -> None:
    """To be planted where arrays that a method makes are told from constants."""
    pytest.skip("what is planted belongs to the reading of methods")


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


def a_guard_of_a_constant_is_skipped(patch) -> None:
    """To be planted where constants of modules are held against what they were."""
    pytest.skip("what is planted belongs to the guards")


FAULTS = [
    an_input_view_is_not_refilled,
    an_impure_method_is_taken_for_understood,
    a_write_into_a_fresh_array_is_frozen,
    a_result_is_overwritten_later,
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
