"""A node whose methods cannot be recorded: they are called in every pass, and what they return is put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.backward import pass_on
from bpframe.errors import ContractError
from bpframe.execution.tape import Array
from bpframe.plan import BackwardStep, Call, CostStep, Slots, Step
from bpframe.returned import failed, failed_at
from bpframe.trace import bound

__all__ = ["HAS_EFFECTS", "DirectBackward", "DirectCost", "DirectForward", "why_called"]

HAS_EFFECTS = "it says that its methods have effects"


def why_called(step: Step) -> str | None:
    """Return why a node's methods have to be called in every pass, as far as its class tells."""
    node = step.node
    if node.component.has_effects:
        return HAS_EFFECTS
    if step.generator_slot is not None:
        return "it draws random numbers"
    if node.state or step.new_state_slot is not None:
        return "it carries a state"
    return "it is a draft: its Jacobian is measured" if node.contract.is_draft else None


@dataclass(frozen=True, slots=True)
class DirectForward:
    """Compute a node's value into `value`."""

    step: Step
    slots: Slots
    value: Array

    def __call__(self) -> None:
        """Compute the value."""
        step, slots = self.step, self.slots
        slots[step.slot] = self.value
        if step.output_buffer is not None:
            slots[step.output_buffer] = self.value
        if step.saved_slot is not None:
            slots[step.saved_slot] = {}
        try:
            found = step.forward.function(*step.forward.arguments(slots))
            if step.new_state_slot is not None:
                found, slots[step.new_state_slot] = found
            if found is not self.value:
                np.copyto(self.value, found)
        except Exception as error:
            raise failed(step.node, "forward", error) from error


@dataclass(frozen=True, slots=True)
class DirectBackward:
    """Pass a node's error on to what it reads and to its parameters: BP2, BP3 and BP4.

    By slot: `so_far` are the errors that other paths have sent already, or None, `errors` where they go, and
    `gradients` those of the node's parameters.
    """

    each: BackwardStep
    slots: Slots
    dtype: Any
    delta: Array
    scratch: Array | None
    so_far: Mapping[int, Array | None]
    errors: Mapping[int, Array]
    gradients: Mapping[int, Array]

    def __call__(self) -> None:
        """Pass the error on."""
        step, slots = self.each.step, self.slots
        deltas: dict[int, Any] = dict(self.so_far)
        doing = "jacobian"
        if step.scratch_buffer is not None:
            slots[step.scratch_buffer] = self.scratch
        try:
            jacobian = bound(step, step.jacobian.function(*step.jacobian.arguments(slots)), self.dtype)
            doing = "a product with jacobian"
            pass_on(self.each, jacobian, self.delta, deltas, self.gradients, self.errors)
            for slot, error in self.errors.items():
                if deltas[slot] is not error:
                    np.copyto(error, deltas[slot])
        except ContractError:
            raise
        except Exception as error:
            raise failed(step.node, doing, error) from error


@dataclass(frozen=True, slots=True)
class DirectCost:
    """Compute the costs of the examples into `costs`, or (BP1) `scale` · ∇_a C into `delta`."""

    each: CostStep
    slots: Slots
    out: Array
    scale: Array | None  # of the gradient; None for the costs

    def __call__(self) -> None:
        """Compute the costs or the gradient."""
        each, slots, out = self.each, self.slots, self.out
        call: Call = each.forward if self.scale is None else each.jacobian
        try:
            if self.scale is None:
                if each.saved_slot is not None:
                    slots[each.saved_slot] = {}
                np.copyto(out, call.function(*call.arguments(slots)))
            else:
                slots[each.buffer_slot] = out
                np.multiply(call.function(*call.arguments(slots)), self.scale, out=out)
        except Exception as error:
            doing = "forward" if self.scale is None else "jacobian"
            raise failed_at(each.where, doing, error) from error
