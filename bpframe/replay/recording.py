"""One pass through a network while its NumPy calls are recorded: forward, costs, BP1, and BP2 to BP4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.core.backprop.backward import pass_on
from bpframe.core.backprop.called_pass import Wanted
from bpframe.core.backprop.local_jacobian import bound
from bpframe.core.backprop.steps import BackwardStep, CostStep
from bpframe.replay.direct import DirectBackward
from bpframe.replay.located import replaced
from bpframe.replay.recorded import Recorded
from bpframe.replay.recorded_forward import RecordedForward
from bpframe.replay.recorded_pass import Resolve
from bpframe.replay.tape import Place, Root, Segment

__all__ = ["Record", "Recording"]


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


class Recording(RecordedForward):
    """Records a pass as far as it is wanted."""

    def run(self, wanted: Wanted) -> float:
        """Do the pass: write the gradient of `scale` times the summed cost; return the summed cost, where wanted."""
        plan = self.workspace.plan
        for step in plan.steps:
            self._forward(step)
        if wanted is not Wanted.OUTPUTS:
            self._costs()
        if wanted is Wanted.GRADIENT:
            self._gradient()
        self.tape.close()
        return 0.0 if self._total is None else float(self._total.array)

    @property
    def record(self) -> Record | None:
        """The record of the pass that was run; None where some node did not let itself be recorded."""
        if not self.complete:
            return None
        plan = self.workspace.plan
        total = None if self._total is None else self._total.place
        outputs = [self._recorded[plan.value_slots[name]].place for name in plan.graph.outputs]
        kept = tuple(outputs) if total is None else (total,)
        given = {slot: each.root for slot, each in self._given.items()}
        return Record(self.tape.segments, given, self._values, kept, total)

    def _gradient(self) -> None:
        plan = self.workspace.plan
        self.tape.begin("network", "scale")
        self._scale = self._pinned(self.scale)
        for each in plan.costs:
            self._cost_gradient(each)
        shared = {slot for each in plan.to_parameters for _, slot in each.shared}
        self.tape.begin("network", "shared gradients")
        for slot in shared:
            self._recorded[slot][...] = 0
        for node in plan.to_parameters:
            self._backward(node)

    def _cost_gradient(self, each: CostStep) -> None:
        recorded, shape = self._recorded, each.output_shape
        self.tape.begin(each.key, "BP1")
        if each.key not in self.direct:
            recorded[each.buffer_slot] = self._empty(shape)

            def multiplied() -> Any:
                gradient = self._checked(each.jacobian.function(*each.jacobian.arguments(recorded)), shape)
                return np.multiply(gradient, self._scale, out=self._empty(shape))  # type: ignore[call-overload]

            found = self._tried(multiplied)
            if found is not None:
                self._deltas[each.value_slot] = found
                return
            self._give_up(each.key)
            if each.saved_slot is not None:
                self.workspace.slots[each.saved_slot] = _real(recorded[each.saved_slot])
        self._deltas[each.value_slot] = self._direct_cost(each, self._empty(shape), self.scale)

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
                self.workspace.slots[step.saved_slot] = _real(recorded[step.saved_slot])
        self._direct_backward(each, delta)

    def _passed_on(self, each: BackwardStep, delta: Recorded) -> bool:
        step, recorded = each.step, self._recorded
        jacobian = bound(step, step.jacobian.function(*step.jacobian.arguments(recorded)), self.workspace.dtype)
        buffers = [None] * len(recorded)
        for key, slot in each.edges:
            buffers[slot] = self._empty(step.shapes[key])  # type: ignore[call-overload]
        pass_on(each, jacobian, delta, self._deltas, recorded, buffers)
        for key, slot in each.edges:
            self._deltas[slot] = self._checked(self._deltas[slot], step.shapes[key])
        return True

    def _direct_backward(self, each: BackwardStep, delta: Recorded) -> None:
        step, workspace = each.step, self.workspace
        scratch = None if step.scratch_buffer is None else self._empty(step.output_shape)
        so_far = {slot: self._deltas[slot] for _, slot in each.edges}
        errors = {slot: self._empty(step.shapes[key]) for key, slot in each.edges}
        gradients = {slot: self._recorded[slot] for _, slot in (*each.parameters, *each.shared)}
        for slot, error in errors.items():
            self._deltas[slot] = error
        written = [*errors.values(), *gradients.values()]
        touched = [value for value in (delta, scratch, *so_far.values(), *written) if value is not None]
        at, scratch_at = delta.place, None if scratch is None else scratch.place
        so_far_at = {slot: None if value is None else value.place for slot, value in so_far.items()}
        errors_at, gradients_at = ({slot: one.place for slot, one in part.items()} for part in (errors, gradients))

        def made(array: Resolve) -> DirectBackward:
            return DirectBackward(
                each, workspace, array(at), scratch_at and array(scratch_at),
                {slot: place and array(place) for slot, place in so_far_at.items()},
                {slot: array(place) for slot, place in errors_at.items()},
                {slot: array(place) for slot, place in gradients_at.items()},
            )  # fmt: skip

        made({value.place: value.array for value in touched}.__getitem__)()
        # The method may have kept views of what forward read.
        self._is_direct(made, [*step.input_slots, step.slot], touched, written)


def _real(saved: Any) -> Any:
    return replaced(saved, lambda each: each.array)
