"""A plan bound to one trace's arrays: the calls of a repeated pass, with nothing left to look up.

A first pass through a trace checks what components return. From then on most arguments are the same objects every time:
parameters, buffers, the values that components wrote into their buffers. They are bound here, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from bpframe.backward import output_errors
from bpframe.errors import ContractError
from bpframe.forward import costs
from bpframe.plan import TRAINING, Call, Slots, Step
from bpframe.returned import failed
from bpframe.trace import Trace, bound

__all__ = ["Program"]

Array = np.ndarray[Any, Any]


class Program:
    """One step's calls: forward, costs, BP1, and BP2 to BP4 back to the parameters.

    It does what `forward`, `costs`, `output_errors` and `backward` do on a trace that was checked, number for number.
    A node that writes into its buffer has its value there in every pass, and whoever reads it is bound to the buffer;
    what a component returns anew each time (an array of its own, a state) is fetched each time.
    """

    def __init__(self, trace: Trace, training: bool) -> None:
        plan, slots = trace.plan, trace.slots
        self.trace = trace
        self.training = training
        slots[TRAINING] = training
        self._saved = [(slot, slots[slot]) for slot in plan.saved_slots]
        self._stable = {TRAINING, *plan.saved_slots}
        self._forward = [self._bound(step) for step in plan.steps]
        self._shared = {slot for each in plan.to_parameters for _, slot in each.shared}
        self._backward = [
            (each, each.step, each.step.slot, self._call(each.step.jacobian)) for each in plan.to_parameters
        ]

    def run(self, inputs: Mapping[str, Array], targets: Mapping[str, Array], scale: float) -> float:
        """Write the gradient of `scale` times the summed cost into the trace's gradient; return the summed cost.

        Errors: those of the functions of a first pass.
        """
        trace = self.trace
        trace.begin()
        slots = trace.slots
        slots[TRAINING] = self.training
        for name, slot in trace.plan.input_slots.items():
            slots[slot] = inputs[name]
        for slot, saved in self._saved:
            saved.clear()
            slots[slot] = saved  # `forward` on this trace puts new ones there
        self._run_forward(slots)
        total = float(np.add.reduce(costs(trace, targets)))
        self._run_backward(slots, output_errors(trace, scale))  # BP1, then BP2 to BP4
        return total

    def _run_forward(self, slots: Slots) -> None:
        step = self.trace.plan.steps[0]
        try:
            for step, call, buffer in self._forward:
                value = call()
                if value is buffer:
                    continue
                if step.new_state_slot is not None:
                    value, slots[step.new_state_slot] = value
                if buffer is None:
                    slots[step.slot] = value
                elif value is not buffer:
                    np.copyto(buffer, value)
        except Exception as error:
            raise failed(step.node, "forward", error) from error

    def _run_backward(self, slots: Slots, deltas: list[Array | None]) -> None:
        """BP2, BP3 and BP4: see `backward`."""
        trace, doing = self.trace, "jacobian"
        buffers, dtype = trace.buffers, trace.dtype
        step = trace.plan.steps[0]
        for slot in self._shared:
            slots[slot][...] = 0
        try:
            for each, step, place, call in self._backward:
                delta = deltas[place]
                if delta is None:  # no output's error reaches this node
                    for _, slot in each.parameters:
                        slots[slot][...] = 0
                    continue
                doing = "jacobian"
                jacobian = bound(step, call(), dtype)
                doing = "a product with jacobian"
                for key, slot in each.edges:
                    so_far = deltas[slot]
                    if so_far is None:
                        deltas[slot] = jacobian[key].vjp(delta, buffers[slot])
                    else:
                        deltas[slot] = np.add(so_far, jacobian[key].vjp(delta), out=buffers[slot])
                for key, slot in each.parameters:
                    gradient = slots[slot]
                    result = jacobian[key].sum_vjp(delta, gradient)
                    if result is not gradient:
                        gradient[...] = result
                for key, slot in each.shared:
                    slots[slot] += jacobian[key].sum_vjp(delta)
        except ContractError:
            raise
        except Exception as error:
            raise failed(step.node, doing, error) from error

    def _bound(self, step: Step) -> tuple[Step, Callable[[], Any], Array | None]:
        """Bind a node's forward; note which of its slots hold one object for good."""
        stable, buffer = self._stable, None
        stable.add(step.parameter_slot)
        for slot in (step.generator_slot, step.output_buffer, step.scratch_buffer):
            if slot is not None:
                stable.add(slot)
        call = self._call(step.forward)
        if step.output_buffer is not None:
            buffer = self.trace.slots[step.output_buffer]
            self.trace.slots[step.slot] = buffer
            stable.add(step.slot)
        return step, call, buffer

    def _call(self, call: Call) -> Callable[[], Any]:
        """Return the call without arguments: bound where all of them stay, else fetching them each time."""
        slots = self.trace.slots
        if call.slots is not None and self._stable.issuperset(call.slots):
            return partial(call.function, *call.arguments(slots))
        return partial(_fetched, call, slots)


def _fetched(call: Call, slots: Slots) -> Any:
    return call.function(*call.arguments(slots))
