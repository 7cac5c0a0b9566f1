"""A repeated pass as a flat list of NumPy calls on memory that is planned once.

A first pass through a workspace checks what components return. Later ones are recorded, call by call; two records that
say the same are a program, which repeats the calls with nothing to look up, to check or to allocate. Before it is
trusted it repeats a pass, and has to leave the same bytes. Only methods whose code was understood are recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from operator import is_, length_hint
from typing import Any

import numpy as np

from bpframe.core.backprop.called_pass import CalledPass, MakePass, Wanted
from bpframe.core.backprop.results import failed
from bpframe.core.backprop.weights import Scale
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.errors import BpframeError
from bpframe.replay.binding import Binding
from bpframe.replay.buffers import Buffers
from bpframe.replay.guard import distrust, guard
from bpframe.replay.outcome import Outcome
from bpframe.replay.record import Record, differing
from bpframe.replay.recording import recorded_pass
from bpframe.replay.schedule import EVALUATIONS, FIRST_CHECK, Budget, next_check, stale_record
from bpframe.replay.tape import recording_wanted
from bpframe.validation.plain_arrays import Array

__all__ = ["Program", "repeating"]

Arrays = Mapping[str, Array]

#: After so many records that differ from one another, nothing is recorded any more.
ATTEMPTS = 6

DIFFERS = "its calls differ from batch to batch"


def repeating() -> MakePass:
    """Return what makes programs for one network."""
    budget = Budget()
    return lambda workspace, training, wanted: Program(workspace, training, wanted, budget)


class Program:
    """One kind of pass, repeated: what `CalledPass` does, number for number.

    A component whose calls cannot be recorded (its code is not understood; random numbers, decisions by the
    numbers in an array) is called as it is, between the recorded calls of the others. The values of nodes are not kept,
    except for outputs where they are wanted: their memory is used again.

    `direct` says of the nodes and costs that are called why they are; `refused` why nothing is recorded at all.
    """

    def __init__(self, workspace: Workspace, training: bool, wanted: Wanted, budget: Budget | None = None) -> None:
        self.workspace = workspace
        self.training = training
        self.wanted = wanted
        self.direct: dict[str, str] = {}
        self.refused: str | None = None
        self._budget = budget
        self._called = CalledPass(workspace, training, wanted)
        self._outcome = Outcome(workspace, wanted)
        self._runs = 0
        self._attempts = 0
        self._buffers: Buffers | None = None
        self._record: Record | None = None
        self._before: list[Array] = []  # what the pass that was recorded before was given
        self._scales = [np.ones((), workspace.dtype) for _ in workspace.plan.costs]
        self._scaled: Scale = 1.0
        self._bound: Binding | None = None
        self._holds = guard(())
        self._total: Any = 0.0
        self._passes = 0
        self._next_check = FIRST_CHECK
        self._last_check = 0
        self._vouched: Array | None = None
        self._given: dict[int, Array] = {}  # what the calls are bound to, by slot
        self._owned = False  # whether these arrays are the program's own
        plan = workspace.plan
        self._inputs = tuple(plan.input_slots.items())
        self._targets: tuple[tuple[str, int], ...] = ()  # the same in every pass

    @property
    def is_bound(self) -> bool:
        """Whether passes are repeated from now on."""
        return self._bound is not None

    @property
    def record(self) -> Record:
        """What a repeated pass does."""
        assert self._record is not None
        return self._record

    @property
    def buffers(self) -> Buffers:
        """Where the arrays of a repeated pass lie."""
        assert self._buffers is not None
        return self._buffers

    def run(self, inputs: Arrays, targets: Arrays, scale: Scale = 1.0) -> float:
        """Do a pass; errors are those of `CalledPass`, and StaleRecordError in training."""
        if scale != self._scaled:
            each = scale if isinstance(scale, tuple) else (scale,) * len(self._scales)
            for array, number in zip(self._scales, each, strict=True):
                array[...] = number
            self._scaled = scale
        try:
            if self._bound is None:
                return self._not_repeated(inputs, targets)
            if not self._holds():
                distrust(self.workspace.plan)
                self._start_over()
                return self._not_repeated(inputs, targets)
            given = self._given
            for name, slot in self._inputs:
                if inputs[name] is not given[slot]:
                    self._copy_in(slot, inputs[name])
            for name, slot in self._targets:
                if targets[name] is not given[slot]:
                    self._copy_in(slot, targets[name])
            self._passes += 1
            if self._passes == self._next_check:
                return self._checked_again()
        except BaseException:  # a component's error, Ctrl-C
            if self._bound is not None:  # slots may hold what the calls are not bound to, such as a look's arrays
                self._start_over()
            raise
        return self._repeat()

    def _repeat(self) -> float:
        calls = iter(self._bound.calls)  # type: ignore[union-attr]
        try:
            for call in calls:
                call()
        except BpframeError:
            raise
        except Exception as error:
            raise self._named(length_hint(calls), error) from error
        return float(self._total)

    def _named(self, left: int, error: Exception) -> BpframeError:
        """Return the error that says which node's call failed, from how many calls were left after it."""
        segments = self._bound.segments  # type: ignore[union-attr]
        segment = segments[len(segments) - left - 1]
        return failed(self._places.get(segment.name, "the network"), segment.phase, error)

    def _copy_in(self, slot: int, array: Array) -> None:
        """Have the next pass work on another array than the calls are bound to."""
        if not self._owned:
            # Everything is bound anew: any array of the pass may be a view of what the caller gave.
            self._bind({slot: each.copy() for slot, each in self._given.items()}, owned=True)
        np.copyto(self._given[slot], array)

    # Recording ------------------------------------------------------------------------------------------------------

    def _not_repeated(self, inputs: Arrays, targets: Arrays) -> float:
        """Do a pass that checks, calls or records."""
        self._runs += 1
        if self._budget is not None:
            self._budget.passes += 1
        if not self._may_record():
            if not self.workspace.keeps_values:
                self.workspace.make_buffers()
            return self._called.run(inputs, targets, self._scaled)
        if self.wanted is not Wanted.OUTPUTS:
            slots = self.workspace.plan.target_slots
            self._targets = tuple((key, slots[key]) for key in targets)
        given = {slot: inputs[name] for name, slot in self._inputs}
        given |= {slot: targets[name] for name, slot in self._targets}
        return self._recorded(given)

    def _may_record(self) -> bool:
        if self.refused is None and self._attempts >= ATTEMPTS:
            self.refused = "its calls differ from pass to pass"
        if self.refused is not None or not self.workspace.checked or not recording_wanted():
            return False
        if self._record is not None or self.training or self._budget is None:
            return True
        if self._runs <= EVALUATIONS or not self._budget.allows():
            return False
        self._budget.recordings += 1
        return True

    def _recorded(self, given: dict[int, Array]) -> float:
        """Do a pass that is recorded; from the second record that says the same on, there is a program."""
        self._attempts += 1
        distrust(self.workspace.plan)
        self.workspace.release()
        arrays = list(given.values())
        again = len(arrays) == len(self._before) and all(map(is_, arrays, self._before))
        owned = _needs_copies(arrays) or not again
        self._before = arrays
        if owned:
            given = {slot: np.array(array, order="C") for slot, array in given.items()}
        before = self._record
        total, self._record = self._recorded_pass(given)
        if before is None or self._record is None:
            return total
        names = {each.name for each in differing(before.segments, self._record.segments)}
        if names:
            self._record = None  # what these nodes hand on lies elsewhere when they are called directly
            self.direct |= dict.fromkeys(names, DIFFERS)
            return total
        left, states = [array.copy() for array in self._outcome.arrays()], self._outcome.states()
        expected = self._outcome.digest(total)
        self._bind(given, owned)
        self._before = []
        proved = self._proved(expected)
        for segment in self._record.segments:
            segment.left.clear()
        if not proved:
            self._outcome.restore(left, states)
            self._start_over()
            self.refused = "its network gave another result when repeated"
        elif self.training:
            self._vouched = self.workspace.parameters.vector.copy()
        return total

    def _recorded_pass(self, given: dict[int, Array]) -> tuple[float, Record | None]:
        return recorded_pass(self.workspace, self.training, self.wanted, given, self._scales, self.direct)

    def _start_over(self) -> None:
        self._bound, self._record, self._attempts = None, None, 0
        self._passes, self._next_check, self._last_check = 0, FIRST_CHECK, 0

    def _checked_again(self) -> float:
        """Do a pass by calling the components, and hold what they call against the record."""
        given, known = dict(self._given), set(self.direct)
        total, new = self._recorded_pass(given)
        changed = [] if new is None else differing(self.record.segments, new.segments)
        if new is not None and not changed:
            self._next_check, self._last_check = next_check(self._passes), self._passes
            if self.training:
                self._vouched = self.workspace.parameters.vector.copy()
            self._put_back()
            return total
        names = {each.name for each in changed} or set(self.direct) - known
        self.direct |= dict.fromkeys(names, DIFFERS)
        passes, vouched = self._passes - self._last_check, self._vouched
        self._start_over()
        if self.training and vouched is not None:
            self.workspace.parameters.vector[...] = vouched
            raise stale_record((self._places.get(name, "the network") for name in names), passes)
        return total

    def _put_back(self) -> None:
        """Hand what the last pass left on to where repeated passes have it."""
        if self.wanted is Wanted.OUTPUTS:
            for place, array in zip(self.record.kept, self._outcome.arrays(), strict=True):
                if place.root.pinned is None:  # else it is what was handed in, or a parameter
                    self._bound.array(place)[...] = array  # type: ignore[union-attr]
        self._fill_slots()

    def _fill_slots(self) -> None:
        """Show components that are called the arrays that the calls are bound to."""
        slots = self.workspace.slots
        for slot, place in self.record.values.items():
            slots[slot] = read_only(self._bound.array(place))  # type: ignore[union-attr]
        for slot, array in self._given.items():
            slots[slot] = read_only(array)

    @property
    def _places(self) -> dict[str, str]:
        return {each.key: each.where for each in self.workspace.plan.components}

    def _bind(self, given: dict[int, Array], owned: bool) -> None:
        record, plan = self.record, self.workspace.plan
        self._buffers = Buffers.of(record.segments, record.kept)
        pinned = {record.given[slot]: array for slot, array in given.items()}
        self._bound = bound = Binding(record.segments, self._buffers, pinned)
        self._total = 0.0 if record.total is None else bound.array(record.total)
        self._given, self._owned = given, owned
        known = [step for step in plan.components if step.why is None]
        methods = ("forward", "jacobian") if self.wanted is Wanted.GRADIENT else ("forward",)
        self._holds = guard(read for step in known for read in step.understood.reads_of(*methods))
        self._fill_slots()

    def _proved(self, expected: bytes) -> bool:
        """Whether the recorded calls leave what the pass that was recorded last left, to the last bit."""
        try:
            for call in self._bound.rehearsal():  # type: ignore[union-attr]
                call()
        except Exception:
            return False
        return expected == self._outcome.digest(float(self._total))


def _needs_copies(arrays: Sequence[Array]) -> bool:
    """Whether calls cannot be recorded on these arrays: views with gaps, or two with common memory."""
    return not all(each.flags.c_contiguous for each in arrays) or any(
        np.may_share_memory(one, other) for one, other in combinations(arrays, 2)
    )
