"""The forward pass and the costs, recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.core.backprop.layout import laid_out
from bpframe.core.backprop.steps import CostStep, Step
from bpframe.core.backprop.workspace import read_only
from bpframe.replay.direct import DirectCost, DirectForward, why_called
from bpframe.replay.recorded import Recorded
from bpframe.replay.recorded_pass import RecordedPass
from bpframe.validation.plain_arrays import Array

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
            value = self._tried(lambda: laid_out(self._checked(
                step.forward.function(*step.forward.arguments(recorded)), step.output_shape)))  # fmt: skip
            if value is not None:
                self._keep(step.slot, value)
                return
            self._give_up(name)
        value = self._empty(step.output_shape)
        workspace = self.workspace
        DirectForward(step, workspace, value.array)()
        self._keep(step.slot, value)
        place = value.place
        self._is_direct(lambda array: DirectForward(step, workspace, array(place)), step.input_slots, [], [value])

    def _may_be_recorded(self, step: Step | CostStep) -> bool:
        """Whether methods are not known to need a call in every pass; of those that do, note why."""
        why = why_called(step)
        if why is not None:
            self.direct.setdefault(step.key, why)
        return step.key not in self.direct

    def _keep(self, slot: int, value: Recorded) -> None:
        self._recorded[slot] = value
        self.workspace.slots[slot] = read_only(value.array)
        self._values[slot] = value.place

    def _costs(self) -> None:
        plan = self.workspace.plan
        total: Any = None
        for each in plan.costs:
            value = self._cost(each)
            self.tape.begin(each.key, "total cost")
            total = value if total is None else total + value
        self.tape.begin("network", "total cost")
        self._total = np.add.reduce(total)

    def _cost(self, each: CostStep) -> Any:
        recorded = self._recorded
        self.tape.begin(each.key, "cost")
        if self._may_be_recorded(each):
            if each.saved_slot is not None:
                recorded[each.saved_slot] = {}
            found = self._tried(lambda: self._checked(each.forward.function(*each.forward.arguments(recorded)), ()))
            if found is not None:
                return found
            self._give_up(each.key)
        return self._direct_cost(each, self._empty(()), None)

    def _direct_cost(self, each: CostStep, out: Recorded, scale: Array | None) -> Recorded:
        workspace, place = self.workspace, out.place
        DirectCost(each, workspace, out.array, scale)()
        self._is_direct(lambda array: DirectCost(each, workspace, array(place), scale), each.read_slots, [], [out])
        return out
