"""A node whose methods cannot be recorded: they are called in every pass, and what they return is put in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.errors import ContractError
from bpframe.execution.tape import Array
from bpframe.plan import Call, CostStep, Slots, Step
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

    `edges` are (key, the error so far or None, where the error goes); `parameters` are (key, gradient), and `shared`
    those to whose gradient others add.
    """

    step: Step
    slots: Slots
    dtype: Any
    delta: Array
    scratch: Array | None
    edges: tuple[tuple[str, Array | None, Array], ...]
    parameters: tuple[tuple[str, Array], ...]
    shared: tuple[tuple[str, Array], ...]

    def __call__(self) -> None:
        """Pass the error on."""
        step, slots, delta = self.step, self.slots, self.delta
        doing = "jacobian"
        if step.scratch_buffer is not None:
            slots[step.scratch_buffer] = self.scratch
        try:
            jacobian = bound(step, step.jacobian.function(*step.jacobian.arguments(slots)), self.dtype)
            doing = "a product with jacobian"
            for key, so_far, error in self.edges:
                if so_far is None:
                    part = jacobian[key].vjp(delta, error)  # BP2, the first path
                    if part is not error:
                        np.copyto(error, part)
                else:
                    np.add(so_far, jacobian[key].vjp(delta), out=error)  # BP2, add over paths
            for key, gradient in self.parameters:
                found = jacobian[key].sum_vjp(delta, gradient)  # BP3, BP4
                if found is not gradient:
                    gradient[...] = found
            for key, gradient in self.shared:
                gradient += jacobian[key].sum_vjp(delta)
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
            raise failed_at(f"the cost of '{each.output}' ({each.cost.kind})", doing, error) from error
