"""A repeated step as a flat list of NumPy calls on memory that is planned once.

A first pass through a trace checks what components return. The next ones are recorded, call by call; two records that
say the same are a program, which repeats the calls with nothing to look up, to check or to allocate. Before it is
trusted it repeats a pass, and has to leave the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from operator import length_hint
from typing import Any

import numpy as np

from bpframe.errors import BpframeError
from bpframe.execution.binding import Binding
from bpframe.execution.buffers import Buffers
from bpframe.execution.comparing import differing
from bpframe.execution.recording import Record, Recording, cost_key
from bpframe.execution.tape import recording_wanted
from bpframe.returned import failed_at
from bpframe.trace import Trace

__all__ = ["Program"]

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]

#: After so many records that differ from one another, no node is recorded any more.
ATTEMPTS = 6


class Program:
    """One step: forward, costs, BP1, and BP2 to BP4 back to the parameters.

    It does what `forward`, `costs`, `output_errors` and `backward` do on a trace that was checked, number for number.
    A component whose calls cannot be recorded (random numbers, state, decisions by the numbers in an array) is called
    as it is, between the recorded calls of the others. The values of nodes are not kept: their memory is used again.
    """

    def __init__(self, trace: Trace, training: bool) -> None:
        self.trace = trace
        self.training = training
        self.direct: dict[str, str] = {}
        self._buffers: Buffers | None = None
        self._record: Record | None = None
        self._attempts = 0
        self._bound: Binding | None = None
        self._calls: list[Callable[[], object]] = []
        self._owns_arrays = False

    @property
    def is_bound(self) -> bool:
        """Whether steps are repeated from now on."""
        return self._bound is not None

    @property
    def record(self) -> Record:
        """What a repeated step does."""
        assert self._record is not None
        return self._record

    @property
    def buffers(self) -> Buffers:
        """Where the arrays of a repeated step lie."""
        assert self._buffers is not None
        return self._buffers

    def run(self, inputs: Arrays, targets: Arrays, scale: float) -> float:
        """Write the gradient of `scale` times the summed cost into the trace's gradient; return the summed cost.

        Errors: those of the functions of a first pass.
        """
        if self._bound is None:
            return self._recorded(inputs, targets, scale)
        for name, array in self._inputs:
            if inputs[name] is not array:
                return self._copied(inputs, targets)
        for name, array in self._targets:
            if targets[name] is not array:
                return self._copied(inputs, targets)
        return self._repeat()

    def _repeat(self) -> float:
        calls = iter(self._calls)
        try:
            for call in calls:
                call()
        except BpframeError:
            raise
        except Exception as error:
            raise self._named(len(self._calls) - length_hint(calls) - 1, error) from error
        return float(self._total)

    def _named(self, number: int, error: Exception) -> BpframeError:
        """Return the error that says which node's call failed."""
        segment = self._bound.segments[number]  # type: ignore[union-attr]
        step = self.trace.plan.step_of.get(segment.name)
        return failed_at(f"the cost of '{segment.name}'" if step is None else step.node.where, segment.phase, error)

    def _copied(self, inputs: Arrays, targets: Arrays) -> float:
        """Repeat the calls for other arrays than those that they are bound to, by way of arrays of its own."""
        if not self._owns_arrays:
            self._bind(*_copies(inputs, targets))
            self._owns_arrays = True
        for mine, given in ((self._inputs, inputs), (self._targets, targets)):
            for name, array in mine:
                np.copyto(array, given[name])
        return self._repeat()

    # Recording ------------------------------------------------------------------------------------------------------

    def _recorded(self, inputs: Arrays, targets: Arrays, scale: float) -> float:
        """Do a pass that is recorded; from the second record that says the same on, there is a program."""
        if self._attempts >= ATTEMPTS or not recording_wanted():
            why = "BPFRAME_RECORD" if not recording_wanted() else "its network gave another result when repeated"
            self.direct |= dict.fromkeys(self._everything, why)
        self._attempts += 1
        self.trace.release()
        if _needs_copies([*inputs.values(), *targets.values()]):
            inputs, targets = _copies(inputs, targets)
            self._owns_arrays = True
        before = self._record
        recording = Recording(self.trace, self.training, inputs, targets, self.direct)
        total = recording.run(scale)
        self._record = recording.record
        segments = recording.segments
        del recording  # with the arrays of the pass
        if before is None or self._record is None:
            return total
        names = {_key(each.name, each.phase) for each in differing(before.segments, self._record.segments)}
        if names:
            self._record = None  # what these nodes hand on lies elsewhere when they are called directly
            self.direct |= dict.fromkeys(names, "its calls differ from batch to batch")
            return total
        self._buffers = Buffers.of(self._record.segments, self._record.total)
        self._bind(inputs, targets)
        proved = self._proved(total)
        for segment in segments:
            segment.left.clear()
        if proved:
            return total
        self._bound, self._record, self._attempts = None, None, ATTEMPTS
        return self._recorded(inputs, targets, scale)  # the gradient is another one now

    @property
    def _everything(self) -> set[str]:
        plan = self.trace.plan
        return {*plan.step_of, *(cost_key(each.output) for each in plan.costs)}

    def _bind(self, inputs: Arrays, targets: Arrays) -> None:
        """Put every array in its place."""
        record, plan, slots = self._record, self.trace.plan, self.trace.slots
        assert record is not None
        assert self._buffers is not None
        pinned = {root: inputs[name] for name, root in record.inputs.items()}
        pinned |= {root: targets[name] for name, root in record.targets.items()}
        self._bound = bound = Binding(record.segments, self._buffers, pinned)
        self._calls, self._total = bound.calls, bound.array(record.total)
        self._inputs, self._targets = list(inputs.items()), list(targets.items())
        for slot, place in record.values.items():
            slots[slot] = bound.array(place)
        for name, array in self._inputs:
            slots[plan.input_slots[name]] = array
        for each in plan.costs:
            slots[each.target_slot] = targets[each.output]

    def _proved(self, total: float) -> bool:
        """Whether the recorded calls leave what the pass that was recorded last left, to the last bit."""
        assert self._bound is not None
        expected = self._digest(total)
        try:
            for call in self._bound.rehearsal():
                call()
        except Exception:
            return False
        return expected == self._digest(float(self._total))

    def _digest(self, total: float) -> bytes:
        """Return what stands for the bytes of the gradient and the cost, without a copy of them."""
        digest = hashlib.sha256(np.float64(total).tobytes())
        for slot in self.trace.plan.gradient_slots.values():
            digest.update(self.trace.slots[slot])
        return digest.digest()


def _key(name: str, phase: str) -> str:
    return cost_key(name) if phase in ("cost", "BP1") else name


def _copies(*parts: Arrays) -> list[dict[str, Array]]:
    return [{name: np.array(array, order="C") for name, array in part.items()} for part in parts]


def _needs_copies(arrays: Iterable[Array]) -> bool:
    """Whether calls cannot be bound to these arrays: views with gaps, or two with common memory."""
    given = list(arrays)
    return not all(each.flags.c_contiguous for each in given) or any(
        np.may_share_memory(one, other) for one, other in combinations(given, 2)
    )
