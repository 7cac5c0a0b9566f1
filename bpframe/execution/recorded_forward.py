"""The forward pass and the costs, recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.execution.direct import HAS_EFFECTS, DirectCost, DirectForward, why_called
from bpframe.execution.recorded import Recorded
from bpframe.execution.recorded_pass import RecordedPass, cost_key
from bpframe.plan import CostStep, Step

__all__ = ["RecordedForward"]


class RecordedForward(RecordedPass):
    """Records what computes the nodes' values, and the costs of the examples."""

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

    def _costs(self) -> None:
        plan = self.trace.plan
        total: Any = None
        for each in plan.costs:
            value = self._cost(each)
            self.tape.begin(each.output, "total cost")
            total = value if total is None else total + value
        self.tape.begin("network", "total cost")
        self._total = np.add.reduce(total)

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

    def _direct_cost(self, each: CostStep, out: Recorded, scale: float | None) -> Recorded:
        slots, place = self.trace.slots, out.place
        factor = None if scale is None else np.array(scale, self.trace.dtype)
        DirectCost(each, slots, out.array, factor)()
        self._is_direct(
            lambda array: DirectCost(each, slots, array(place), factor), [each.value_slot, each.target_slot], [], [out]
        )
        return out
