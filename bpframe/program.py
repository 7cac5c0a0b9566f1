"""A repeated pass as a flat list of NumPy calls on memory that is planned once.

A first pass through a trace checks what components return. The next ones are recorded, call by call; two records that
say the same are a program, which repeats the calls with nothing to look up, to check or to allocate. Before it is
trusted it repeats a pass, and has to leave the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import combinations
from operator import length_hint
from typing import Any

import numpy as np

from bpframe.errors import BpframeError
from bpframe.execution.binding import Binding
from bpframe.execution.buffers import Buffers
from bpframe.execution.comparing import differing
from bpframe.execution.recorded_pass import cost_key
from bpframe.execution.recording import Record, Recording, Wanted
from bpframe.execution.staleness import FIRST_CHECK, next_check, warn_of_stale_record
from bpframe.execution.tape import recording_wanted
from bpframe.returned import failed_at
from bpframe.trace import Trace

__all__ = ["Program"]

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]

#: After so many records that differ from one another, no node is recorded any more.
ATTEMPTS = 6

#: Up to so many bytes copying an array costs less than binding its calls to it.
COPIED_BYTES = 1 << 16


class Program:
    """One kind of pass: forward, and as far as wanted costs, BP1, and BP2 to BP4 back to the parameters.

    It does what `forward`, `costs`, `output_errors` and `backward` do on a trace that was checked, number for number.
    A component whose calls cannot be recorded (random numbers, state, decisions by the numbers in an array) is called
    as it is, between the recorded calls of the others. The values of nodes are not kept, except for outputs where they
    are wanted: their memory is used again.
    """

    def __init__(self, trace: Trace, training: bool, wanted: Wanted = Wanted.GRADIENT) -> None:
        self.trace = trace
        self.training = training
        self.wanted = wanted
        self.direct: dict[str, str] = {}
        self._buffers: Buffers | None = None
        self._record: Record | None = None
        self._attempts = 0
        self._bound: Binding | None = None
        self._total: Any = 0.0
        self._passes = 0
        self._next_check = FIRST_CHECK
        self._last_check = 0
        self._given: dict[int, Array] = {}  # what the calls are bound to, by slot
        self._own: set[int] = set()  # slots whose arrays are the program's own

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

    def run(self, inputs: Arrays, targets: Arrays, scale: float = 1.0) -> float:
        """Do a pass; return the summed cost where it is wanted.

        A gradient, of `scale` times the summed cost, is written into the trace's gradient; outputs are in its slots.
        `scale` is the same in every pass.

        Errors: those of the functions of a first pass.
        """
        plan, wanted = self.trace.plan, self.wanted
        if self._bound is None:
            given = {slot: inputs[name] for name, slot in plan.input_slots.items()}
            if wanted is not Wanted.OUTPUTS:
                given |= {each.target_slot: targets[each.output] for each in plan.costs}
            return self._recorded(given, scale)
        bound = self._given
        for name, slot in plan.input_slots.items():
            if inputs[name] is not bound[slot]:
                self._take(slot, inputs[name])
        if wanted is not Wanted.OUTPUTS:
            for each in plan.costs:
                if targets[each.output] is not bound[each.target_slot]:
                    self._take(each.target_slot, targets[each.output])
        self._passes += 1
        if self._passes == self._next_check:
            return self._checked_again(scale)
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
        return failed_at(self._place(_key(segment.name, segment.phase)), segment.phase, error)

    def _place(self, name: str) -> str:
        """Return what messages call a node, or the cost of an output by its key."""
        plan = self.trace.plan
        costs = {cost_key(each.output): each.where for each in plan.costs}
        return plan.step_of[name].node.where if name in plan.step_of else costs.get(name, "the network")

    def _take(self, slot: int, array: Array) -> None:
        """Have the next pass work on another array than the calls are bound to: by a copy where that costs less."""
        if slot not in self._own:
            if array.nbytes > COPIED_BYTES and array.flags.c_contiguous:
                self._put(slot, array)
                return
            self._own.add(slot)
            self._put(slot, np.empty_like(self._given[slot]))
        np.copyto(self._given[slot], array)

    def _put(self, slot: int, array: Array) -> None:
        self._bound.rebind(self.record.given[slot], array)  # type: ignore[union-attr]
        self._given[slot] = self.trace.slots[slot] = array

    # Recording ------------------------------------------------------------------------------------------------------

    def _recorded(self, given: dict[int, Array], scale: float) -> float:
        """Do a pass that is recorded; from the second record that says the same on, there is a program."""
        if self._attempts >= ATTEMPTS or not recording_wanted():
            why = "BPFRAME_RECORD" if not recording_wanted() else "its network gave another result when repeated"
            self.direct |= dict.fromkeys(self._everything, why)
        self._attempts += 1
        self.trace.release()
        self._own = set()
        if _needs_copies(list(given.values())):
            given = {slot: np.array(array, order="C") for slot, array in given.items()}
            self._own = set(given)
        before = self._record
        recording = Recording(self.trace, self.training, given, self.direct)
        total = recording.run(self.wanted, scale)
        self._record = recording.record
        del recording  # with the arrays of the pass
        if before is None or self._record is None:
            return total
        names = {_key(each.name, each.phase) for each in differing(before.segments, self._record.segments)}
        if names:
            self._record = None  # what these nodes hand on lies elsewhere when they are called directly
            self.direct |= dict.fromkeys(names, "its calls differ from batch to batch")
            return total
        expected = self._digest(total)
        self._bind(given)
        proved = self._proved(expected)
        for segment in self._record.segments:
            segment.left.clear()
        if proved:
            return total
        self._bound, self._record, self._attempts = None, None, ATTEMPTS
        return self._recorded(given, scale)  # what the pass left is no longer there

    def _checked_again(self, scale: float) -> float:
        """Do a pass by calling the components, and hold what they call against the record."""
        given, known = dict(self._given), set(self.direct)
        if _needs_copies(list(given.values())):
            given = {slot: array.copy() for slot, array in given.items()}
        recording = Recording(self.trace, self.training, given, self.direct)
        total = recording.run(self.wanted, scale)
        new = recording.record
        changed = [] if new is None else differing(self.record.segments, new.segments)
        if new is not None and not changed:
            self._next_check, self._last_check = next_check(self._passes), self._passes
            self._put_back()
            return total
        names = {_key(each.name, each.phase) for each in changed} or set(self.direct) - known
        self.direct |= dict.fromkeys(names, "its calls differ from batch to batch")
        warn_of_stale_record(map(self._place, names), self._passes - self._last_check)
        self._bound, self._record, self._attempts = None, None, 0
        self._passes, self._next_check, self._last_check = 0, FIRST_CHECK, 0
        return total

    def _put_back(self) -> None:
        """Hand what the last pass left on to where repeated passes have it."""
        if self.wanted is Wanted.OUTPUTS:
            for place, array in zip(self.record.kept, self._outputs, strict=True):
                if place.root.pinned is None:  # else it is what was handed in, or a parameter
                    self._bound.array(place)[...] = array  # type: ignore[union-attr]
        self._fill_slots()

    def _fill_slots(self) -> None:
        """Show components that are called the arrays that the calls are bound to."""
        slots = self.trace.slots
        for slot, place in self.record.values.items():
            slots[slot] = self._bound.array(place)  # type: ignore[union-attr]
        for slot, array in self._given.items():
            slots[slot] = array

    @property
    def _outputs(self) -> list[Array]:
        return [self.trace[name] for name in self.trace.plan.graph.outputs]

    @property
    def _everything(self) -> set[str]:
        plan = self.trace.plan
        return {*plan.step_of, *(cost_key(each.output) for each in plan.costs)}

    def _bind(self, given: dict[int, Array]) -> None:
        """Put every array in its place."""
        record = self.record
        self._buffers = Buffers.of(record.segments, record.kept)
        pinned = {record.given[slot]: array for slot, array in given.items()}
        self._bound = bound = Binding(record.segments, self._buffers, pinned)
        self._total = 0.0 if record.total is None else bound.array(record.total)
        self._given = given
        self._fill_slots()

    def _proved(self, expected: bytes) -> bool:
        """Whether the recorded calls leave what the pass that was recorded last left, to the last bit."""
        try:
            for call in self._bound.rehearsal():  # type: ignore[union-attr]
                call()
        except Exception:
            return False
        return expected == self._digest(float(self._total))

    def _digest(self, total: float) -> bytes:
        """Return what stands for the bytes that a pass left, without a copy of them."""
        plan, slots = self.trace.plan, self.trace.slots
        digest = hashlib.sha256(np.float64(total).tobytes())
        left: list[Any] = []
        if self.wanted is Wanted.OUTPUTS:
            left = [np.ascontiguousarray(array) for array in self._outputs]
        elif self.wanted is Wanted.GRADIENT:
            left = [slots[slot] for slot in plan.gradient_slots.values()]
        for array in left:
            digest.update(array)
        return digest.digest()


def _key(name: str, phase: str) -> str:
    return cost_key(name) if phase in ("cost", "BP1") else name


def _needs_copies(arrays: Sequence[Array]) -> bool:
    """Whether calls cannot be recorded on these arrays: views with gaps, or two with common memory."""
    return not all(each.flags.c_contiguous for each in arrays) or any(
        np.may_share_memory(one, other) for one, other in combinations(arrays, 2)
    )
