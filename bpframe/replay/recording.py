"""One pass through a network while its NumPy calls are recorded: forward, costs, BP1, and BP2 to BP4.

Each node is tried with recorded arrays; where that does not go, its methods are called as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.core.backprop.backward import pass_on
from bpframe.core.backprop.called_pass import Wanted
from bpframe.core.backprop.layout import laid_out
from bpframe.core.backprop.local_jacobian import bound
from bpframe.core.backprop.steps import BackwardStep, CostStep, Step
from bpframe.core.backprop.weights import scaled
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.core.operators import pulled_once
from bpframe.replay.carried_state import bring_in, checked_state, take_out
from bpframe.replay.direct import DirectBackward, DirectCost, DirectCostGradient, DirectForward
from bpframe.replay.record import Record
from bpframe.replay.recorded import Recorded
from bpframe.replay.recorder import Recorder
from bpframe.replay.tape import Place
from bpframe.validation.plain_arrays import Array

__all__ = ["recorded_pass"]

Deltas = list[Recorded | None]


def recorded_pass(
    workspace: Workspace,
    training: bool,
    wanted: Wanted,
    given: Mapping[int, Array],
    scales: Sequence[Array],
    direct: dict[str, str],
) -> tuple[float, Record | None]:
    """Do a pass, and write the gradient of the costs, each times its own of `scales`, where it is wanted.

    Return the summed cost, 0 where only outputs are wanted, and the record: None where some node did not let itself be
    recorded, of which `direct` then says why. `scales` are arrays without axes that stay where they are.
    """
    recorder = Recorder(workspace, training, given, direct)
    plan, tape = workspace.plan, recorder.tape
    for step in plan.steps:
        _value(recorder, step)
    total = None if wanted is Wanted.OUTPUTS else _total_cost(recorder)
    if wanted is Wanted.GRADIENT:
        _gradient(recorder, scales)
    tape.close()
    record = None
    if recorder.complete:
        values = {step.slot: recorder.slots[step.slot].place for step in plan.steps}
        outputs = (recorder.slots[slot].place for slot in plan.output_slots.values())
        kept = tuple(outputs) if total is None else (total.place,)
        inputs = {slot: each.root for slot, each in recorder.given.items()}
        record = Record(tape.segments, inputs, values, kept, None if total is None else total.place)
    return 0.0 if total is None else float(total.array), record


# Forward --------------------------------------------------------------------------------------------------------------


def _value(recorder: Recorder, step: Step) -> None:
    slots, workspace = recorder.slots, recorder.workspace
    value: Recorded | None = None
    may_record, new_state = recorder.may_record(step), dict[str, Recorded]()
    if may_record and step.node.state:
        bring_in(recorder, step)
    recorder.tape.begin(step.key, "forward")
    if may_record:
        if step.output_buffer is not None:
            slots[step.output_buffer] = recorder.empty(step.output_shape)
        if step.saved_slot is not None:
            slots[step.saved_slot] = {}

        def computed() -> Any:
            found = step.forward.function(*step.forward.arguments(slots))
            if step.new_state_slot is not None:
                found, left = found
                new_state.update(checked_state(recorder, step, left))
            return laid_out(recorder.checked(found, step.output_shape))

        value = recorder.tried(computed)
        if value is None:
            recorder.give_up(step)
        else:
            take_out(recorder, step, new_state)
    if value is None:
        value = recorder.empty(step.output_shape)
        place = value.place
        recorder.call(lambda array: DirectForward(step, workspace, array(place)), step.input_slots, [], [value])
    slots[step.slot] = value
    workspace.slots[step.slot] = read_only(value.array)


def _total_cost(recorder: Recorder) -> Any:
    total: Any = None
    for each in recorder.workspace.plan.costs:
        costs = _costs(recorder, each)
        recorder.tape.begin(each.key, "total cost")
        if recorder.slots[each.factor_slot] is not None:
            costs = scaled(costs, recorder.slots[each.factor_slot], 1.0)
        total = costs if total is None else total + costs
    recorder.tape.begin("network", "total cost")
    return np.add.reduce(total)


def _costs(recorder: Recorder, each: CostStep) -> Any:
    slots, workspace = recorder.slots, recorder.workspace
    recorder.tape.begin(each.key, "cost")
    if recorder.may_record(each):
        if each.saved_slot is not None:
            slots[each.saved_slot] = {}
        costs = recorder.tried(lambda: recorder.checked(each.forward.function(*each.forward.arguments(slots)), ()))
        if costs is not None:
            return costs
        recorder.give_up(each)
    out = recorder.empty(())
    place = out.place
    recorder.call(lambda array: DirectCost(each, workspace, array(place)), each.read_slots, [], [out])
    return out


# Backward -------------------------------------------------------------------------------------------------------------


def _gradient(recorder: Recorder, scales: Sequence[Array]) -> None:
    plan, tape = recorder.workspace.plan, recorder.tape
    deltas: Deltas = [None] * plan.size
    tape.begin("network", "scale")
    pinned = [recorder.pinned(scale) for scale in scales]
    for each, scale in zip(plan.costs, pinned, strict=True):
        deltas[each.value_slot] = _cost_gradient(recorder, each, scale)
    shared = {slot for node in plan.to_parameters for _, slot in node.shared}
    tape.begin("network", "shared gradients")
    for slot in shared:
        recorder.slots[slot][...] = 0
    for node in plan.to_parameters:
        _backward(recorder, node, deltas)


def _cost_gradient(recorder: Recorder, each: CostStep, scale: Recorded) -> Recorded:
    """BP1, times `scale` and the factors of the examples."""
    slots, workspace, shape = recorder.slots, recorder.workspace, each.output_shape
    factor = slots[each.factor_slot]
    recorder.tape.begin(each.key, "BP1")
    if each.key not in recorder.direct:
        slots[each.buffer_slot] = recorder.empty(shape)

        def multiplied() -> Any:
            gradient = recorder.checked(each.jacobian.function(*each.jacobian.arguments(slots)), shape)
            return scaled(gradient, factor, scale, recorder.empty(shape))

        found: Recorded | None = recorder.tried(multiplied)
        if found is not None:
            return found
        recorder.give_up(each, saved=True)
    out, pinned = recorder.empty(shape), scale.array
    place, read = out.place, (*each.read_slots, each.factor_slot)
    recorder.call(lambda array: DirectCostGradient(each, workspace, array(place), pinned), read, [], [out])
    return out


def _backward(recorder: Recorder, each: BackwardStep, deltas: Deltas) -> None:
    """BP2, BP3 and BP4."""
    step, slots, delta = each.step, recorder.slots, deltas[each.step.slot]
    recorder.tape.begin(step.key, "backward")
    if delta is None:  # no output's error reaches this node
        for _, slot in each.parameters:
            slots[slot][...] = 0
        return
    if recorder.may_record(step):
        before = {slot: deltas[slot] for _, slot in each.edges}
        if step.scratch_buffer is not None:
            slots[step.scratch_buffer] = recorder.empty(step.output_shape)
        shared = {slot: slots[slot].array.copy() for _, slot in each.shared}
        if recorder.tried(lambda: _passed_on(recorder, each, delta, deltas)) is not None:
            deltas[step.slot] = None  # nobody reads them again
            if step.scratch_buffer is not None:
                slots[step.scratch_buffer] = None
            return
        for slot, error in before.items():
            deltas[slot] = error
        for slot, gradient in shared.items():
            slots[slot].array[...] = gradient
        recorder.give_up(step, saved=True)
    _called_backward(recorder, each, delta, deltas)


def _passed_on(recorder: Recorder, each: BackwardStep, delta: Recorded, deltas: Deltas) -> bool:
    step, slots = each.step, recorder.slots
    found = bound(step, step.jacobian.function(*step.jacobian.arguments(slots)), recorder.workspace.dtype)
    jacobian = pulled_once(found)
    buffers: Any = [None] * len(slots)
    for key, slot in each.edges:
        buffers[slot] = recorder.empty(step.shapes[key])
    pass_on(each, jacobian, delta, deltas, slots, buffers)
    for key, slot in each.edges:
        deltas[slot] = recorder.checked(deltas[slot], step.shapes[key])
    return True


def _called_backward(recorder: Recorder, each: BackwardStep, delta: Recorded, deltas: Deltas) -> None:
    step, workspace = each.step, recorder.workspace
    scratch = None if step.scratch_buffer is None else recorder.empty(step.output_shape)
    so_far = {slot: deltas[slot] for _, slot in each.edges}
    errors = {slot: recorder.empty(step.shapes[key]) for key, slot in each.edges}
    gradients = {slot: recorder.slots[slot] for _, slot in (*each.parameters, *each.shared)}
    for slot, error in errors.items():
        deltas[slot] = error
    at, scratch_at = delta.place, _place(scratch)
    so_far_at = {slot: _place(value) for slot, value in so_far.items()}
    errors_at, gradients_at = ({slot: one.place for slot, one in part.items()} for part in (errors, gradients))

    def made(array: Callable[[Place], Array]) -> DirectBackward:
        return DirectBackward(
            each, workspace, array(at), scratch_at and array(scratch_at),
            {slot: place and array(place) for slot, place in so_far_at.items()},
            {slot: array(place) for slot, place in errors_at.items()},
            {slot: array(place) for slot, place in gradients_at.items()},
        )  # fmt: skip

    others = [value for value in (delta, scratch, *so_far.values()) if value is not None]
    # The method may have kept views of what forward read.
    recorder.call(made, [*step.input_slots, step.slot], others, [*errors.values(), *gradients.values()])


def _place(value: Recorded | None) -> Place | None:
    return None if value is None else value.place
