"""One pass through a network while its NumPy calls are recorded: forward, costs, BP1, and BP2 to BP4."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.backward import pass_on
from bpframe.execution.direct import HAS_EFFECTS, DirectBackward, DirectCost, DirectForward, why_called
from bpframe.execution.recorded import Recorded
from bpframe.execution.tape import Array, NotRecordable, Place, Root, Segment, Tape, Wanted
from bpframe.plan import TRAINING, BackwardStep, CostStep, Step
from bpframe.trace import Trace, bound

__all__ = ["Record", "Recording", "cost_key"]

Resolve = Callable[[Place], Array]


@dataclass(frozen=True, slots=True)
class Record:
    """What a pass did, without the arrays that it did it with.

    `given` are the inputs and targets by slot, `values` those of nodes, `kept` what is read when the pass is over: the
    outputs where they are wanted, and else the summed cost, `total`.
    """

    segments: list[Segment]
    given: dict[int, Root]
    values: dict[int, Place]
    kept: tuple[Place, ...]
    total: Place | None


class Recording:
    """A pass on a trace that was checked, done and recorded at once.

    `given` are inputs and targets by slot. Nodes in `direct` are not recorded; those that turn out not to be recordable
    are added to it, with why. What is computed is right either way; the record can be done again where `complete`.
    """

    def __init__(
        self,
        trace: Trace,
        training: bool,
        given: Mapping[int, Array],
        direct: dict[str, str],
    ) -> None:
        self.trace = trace
        self.direct = direct
        self.complete = True
        self.why = ""
        self.tape = tape = Tape()
        plan, slots = trace.plan, trace.slots
        self._recorded: list[Any] = [None] * plan.size
        self._deltas: list[Recorded | None] = [None] * plan.size
        tape.begin("network", "arrays")
        slots[TRAINING] = self._recorded[TRAINING] = training
        self._given = {slot: self._pinned(array) for slot, array in given.items()}
        for slot, recorded in self._given.items():
            slots[slot], self._recorded[slot] = recorded.array, recorded
        for slot in plan.gradient_slots.values():
            self._recorded[slot] = self._pinned(slots[slot])
        parameters = {path: self._pinned(view) for path, view in trace.parameters.views.items()}
        for step in plan.steps:
            node = step.node
            self._recorded[step.parameter_slot] = {
                name: parameters[node.parameter_path(name)] for name in node.parameters
            }
        self._total: Recorded | None = None
        self._values: dict[int, Place] = {}

    @property
    def segments(self) -> list[Segment]:
        """What was recorded, in order."""
        return self.tape.segments

    @property
    def record(self) -> Record | None:
        """The record of the pass that was run; None where some node did not let itself be recorded."""
        if not self.complete:
            return None
        plan = self.trace.plan
        total = None if self._total is None else self._total.place
        outputs = [self._recorded[plan.value_slots[name]].place for name in plan.graph.outputs]
        kept = tuple(outputs) if total is None else (total,)
        given = {slot: each.root for slot, each in self._given.items()}
        return Record(self.tape.segments, given, self._values, kept, total)

    def run(self, wanted: Wanted, scale: float) -> float:
        """Do the pass: write the gradient of `scale` times the summed cost; return the summed cost, where wanted."""
        plan = self.trace.plan
        for step in plan.steps:
            self._forward(step)
        if wanted is not Wanted.OUTPUTS:
            self._costs()
        if wanted is Wanted.GRADIENT:
            self._gradient(scale)
        self.tape.close()
        return 0.0 if self._total is None else float(self._total.array)

    def _costs(self) -> None:
        plan = self.trace.plan
        total: Any = None
        for each in plan.costs:
            value = self._cost(each)
            self.tape.begin(each.output, "total cost")
            total = value if total is None else total + value
        self.tape.begin("network", "total cost")
        self._total = np.add.reduce(total)

    def _gradient(self, scale: float) -> None:
        plan = self.trace.plan
        for each in plan.costs:
            self._cost_gradient(each, scale)
        shared = {slot for each in plan.to_parameters for _, slot in each.shared}
        self.tape.begin("network", "shared gradients")
        for slot in shared:
            self._recorded[slot][...] = 0
        for node in plan.to_parameters:
            self._backward(node)

    # Forward --------------------------------------------------------------------------------------------------------

    def _forward(self, step: Step) -> None:
        name, recorded = step.node.name, self._recorded
        self.tape.begin(name, "forward")
        if self._may_be_recorded(step):
            if step.output_buffer is not None:
                recorded[step.output_buffer] = self._empty(step.output_shape)
            if step.saved_slot is not None:
                recorded[step.saved_slot] = {}
            value = self._tried(lambda: self._checked(
                step.forward.function(*step.forward.arguments(recorded)), step.output_shape))  # fmt: skip
            if value is not None:
                self._keep(step.slot, value)
                return
            self._give_up(name)
        value = self._empty(step.output_shape)
        slots = self.trace.slots
        DirectForward(step, slots, value.array)()
        self._keep(step.slot, value)
        place = value.place
        self._is_direct(lambda array: DirectForward(step, slots, array(place)), step.input_slots, [], [value])

    def _may_be_recorded(self, step: Step) -> bool:
        """Whether a node is not known to need its methods called; of those that do, note why."""
        why = why_called(step)
        if why is not None:
            self.direct.setdefault(step.node.name, why)
        return step.node.name not in self.direct

    def _keep(self, slot: int, value: Recorded) -> None:
        self._recorded[slot] = value
        self.trace.slots[slot] = value.array
        self._values[slot] = value.place

    def _checked(self, value: Any, shape: Iterable[int]) -> Any:
        if not isinstance(value, Recorded) or value.tape is not self.tape:
            raise NotRecordable("an array that does not come from the pass")
        if value.shape != (self.trace.batch, *shape) or value.dtype != self.trace.dtype:
            raise NotRecordable("another shape or dtype")
        return value

    # Costs, BP1 -----------------------------------------------------------------------------------------------------

    def _cost(self, each: CostStep) -> Any:
        recorded, key = self._recorded, cost_key(each.output)
        self.tape.begin(each.output, "cost")
        if each.cost.has_effects:
            self.direct.setdefault(key, HAS_EFFECTS)
        if key not in self.direct:
            if each.saved_slot is not None:
                recorded[each.saved_slot] = {}
            found = self._tried(lambda: self._checked(each.forward.function(*each.forward.arguments(recorded)), ()))
            if found is not None:
                return found
            self._give_up(key)
        return self._direct_cost(each, self._empty(()), None)

    def _cost_gradient(self, each: CostStep, scale: float) -> None:
        recorded, key = self._recorded, cost_key(each.output)
        shape = self.trace.plan.graph.shapes[each.output]
        self.tape.begin(each.output, "BP1")
        if key not in self.direct:
            recorded[each.buffer_slot] = self._empty(shape)

            def multiplied() -> Any:
                gradient = self._checked(each.jacobian.function(*each.jacobian.arguments(recorded)), shape)
                return np.multiply(gradient, scale, out=self._empty(shape))  # type: ignore[call-overload]

            found = self._tried(multiplied)
            if found is not None:
                self._deltas[each.value_slot] = found
                return
            self._give_up(key)
            if each.saved_slot is not None:
                self.trace.slots[each.saved_slot] = _real(recorded[each.saved_slot])
        self._deltas[each.value_slot] = self._direct_cost(each, self._empty(shape), scale)

    def _direct_cost(self, each: CostStep, out: Recorded, scale: float | None) -> Recorded:
        slots, place = self.trace.slots, out.place
        factor = None if scale is None else np.array(scale, self.trace.dtype)
        DirectCost(each, slots, out.array, factor)()
        self._is_direct(
            lambda array: DirectCost(each, slots, array(place), factor), [each.value_slot, each.target_slot], [], [out]
        )
        return out

    # BP2, BP3, BP4 --------------------------------------------------------------------------------------------------

    def _backward(self, each: BackwardStep) -> None:
        step, recorded = each.step, self._recorded
        name, delta = step.node.name, self._deltas[step.slot]
        self.tape.begin(name, "backward")
        if delta is None:  # no output's error reaches this node
            for _, slot in each.parameters:
                recorded[slot][...] = 0
            return
        before = {slot: self._deltas[slot] for _, slot in each.edges}
        if self._may_be_recorded(step):
            if step.scratch_buffer is not None:
                recorded[step.scratch_buffer] = self._empty(step.output_shape)
            shared = {slot: recorded[slot].array.copy() for _, slot in each.shared}
            if self._tried(lambda: self._passed_on(each, delta)) is not None:
                self._deltas[step.slot] = None  # nobody reads them again
                if step.scratch_buffer is not None:
                    recorded[step.scratch_buffer] = None
                return
            for slot, error in before.items():
                self._deltas[slot] = error
            for slot, gradient in shared.items():
                recorded[slot].array[...] = gradient
            self._give_up(name)
            if step.saved_slot is not None:
                self.trace.slots[step.saved_slot] = _real(recorded[step.saved_slot])
        self._direct_backward(each, delta)

    def _passed_on(self, each: BackwardStep, delta: Recorded) -> bool:
        step, recorded = each.step, self._recorded
        jacobian = bound(step, step.jacobian.function(*step.jacobian.arguments(recorded)), self.trace.dtype)
        buffers = [None] * len(recorded)
        for key, slot in each.edges:
            buffers[slot] = self._empty(step.shapes[key])  # type: ignore[call-overload]
        pass_on(each, jacobian, delta, self._deltas, recorded, buffers)
        for key, slot in each.edges:
            self._deltas[slot] = self._checked(self._deltas[slot], step.shapes[key])
        return True

    def _direct_backward(self, each: BackwardStep, delta: Recorded) -> None:
        step, recorded, slots, dtype = each.step, self._recorded, self.trace.slots, self.trace.dtype
        scratch = None if step.scratch_buffer is None else self._empty(step.output_shape)
        errors = {slot: self._deltas[slot] for _, slot in each.edges}
        edges: list[tuple[str, Recorded | None, Recorded]] = []
        for key, slot in each.edges:
            edges.append((key, errors[slot], self._empty(step.shapes[key])))
            errors[slot] = edges[-1][-1]
        self._deltas = [errors.get(slot, before) for slot, before in enumerate(self._deltas)]
        parameters = [(key, recorded[slot]) for key, slot in each.parameters]
        shared = [(key, recorded[slot]) for key, slot in each.shared]
        touched = [delta, scratch, *(part for _, *parts in edges for part in parts)]
        arrays = {
            value.place: value.array
            for value in (*touched, *(one for _, one in (*parameters, *shared)))
            if value is not None
        }
        at, scratch_at = delta.place, None if scratch is None else scratch.place
        edges_at = [(key, None if so_far is None else so_far.place, error.place) for key, so_far, error in edges]
        parameters_at, shared_at = ([(key, one.place) for key, one in named] for named in (parameters, shared))

        def made(array: Resolve) -> DirectBackward:
            return DirectBackward(
                step, slots, dtype, array(at), scratch_at and array(scratch_at),
                tuple((key, so_far and array(so_far), array(error)) for key, so_far, error in edges_at),
                tuple((key, array(place)) for key, place in parameters_at),
                tuple((key, array(place)) for key, place in shared_at),
            )  # fmt: skip

        made(arrays.__getitem__)()
        # The method may have kept views of what forward read.
        written = [*(error for _, _, error in edges), *(one for _, one in (*parameters, *shared))]
        self._is_direct(made, [*step.input_slots, step.slot], [each for each in touched if each is not None], written)

    # Shared ---------------------------------------------------------------------------------------------------------

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
        return Recorded.of(self.trace.empty(tuple(shape)), self.tape)


def cost_key(output: str) -> str:
    """Return what stands for an output's cost among the names of nodes that are not recorded."""
    return f"cost of {output}"


def _real(value: Any) -> Any:
    """Put the real arrays in place of recorded ones, wherever `saved` holds them."""
    if isinstance(value, Recorded):
        return value.array
    if isinstance(value, dict):
        return {name: _real(each) for name, each in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_real(each) for each in value)
    return value
