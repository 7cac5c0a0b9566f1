"""A component that is called in every pass, between recorded calls: what it returns is put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.core.backprop.backward import distrusted, pass_on
from bpframe.core.backprop.local_jacobian import bound
from bpframe.core.backprop.results import called, check_cost, check_gradient, check_state, check_value, failed
from bpframe.core.backprop.steps import BackwardStep, CostStep, Step
from bpframe.core.backprop.weights import scaled
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.core.operators import pulled_once
from bpframe.errors import ContractError
from bpframe.validation.plain_arrays import Array

__all__ = ["DirectBackward", "DirectCost", "DirectCostGradient", "DirectForward", "why_called"]


def why_called(step: Step | CostStep) -> str | None:
    """Return why methods have to be called in every pass, as far as their code and what they ask for tell."""
    if step.why is not None or isinstance(step, CostStep):
        return step.why
    if step.generator_slot is not None:
        return "it draws random numbers"
    return "it is a draft: its Jacobian is measured" if step.node.contract.is_draft else None


@dataclass(frozen=True, slots=True)
class DirectForward:
    """Compute a node's value into `value`."""

    step: Step
    workspace: Workspace
    value: Array

    def __call__(self) -> None:
        """Compute the value."""
        step, slots = self.step, self.workspace.slots
        if step.output_buffer is not None:
            slots[step.output_buffer] = self.value
        if step.saved_slot is not None:
            slots[step.saved_slot] = {}
        found = called(step, "forward", step.forward, self.workspace.handed_to(step))
        if step.new_state_slot is not None:
            check_state(step.node, found, self.workspace.dtype)
            found, state = found
            # Copies: it may be a view of what is overwritten later in this pass.
            slots[step.new_state_slot] = {name: np.array(each) for name, each in state.items()}
        check_value(step.node, found, self.workspace.batch, self.workspace.dtype)
        self.workspace.put_value(step, found, self.value)


@dataclass(frozen=True, slots=True)
class DirectBackward:
    """Pass a node's error on to what it reads and to its parameters: BP2, BP3 and BP4.

    By slot: `so_far` are the errors that other paths have sent already, or None, `errors` where they go, and
    `gradients` those of the node's parameters.
    """

    each: BackwardStep
    workspace: Workspace
    delta: Array
    scratch: Array | None
    so_far: Mapping[int, Array | None]
    errors: Mapping[int, Array]
    gradients: Mapping[int, Array]

    def __call__(self) -> None:
        """Pass the error on."""
        step, workspace = self.each.step, self.workspace
        deltas: dict[int, Any] = dict(self.so_far)
        doing, arguments = "jacobian", ()
        if step.scratch_buffer is not None:
            workspace.slots[step.scratch_buffer] = self.scratch
        try:
            arguments = step.jacobian.arguments(workspace.handed_to(step))
            found = bound(step, step.jacobian.function(*arguments), workspace.dtype)
            doing, delta = "a product with jacobian", read_only(self.delta)
            jacobian: Mapping[str, Any] = pulled_once(found, step.why is not None)
            if step.why is not None:
                jacobian, delta = distrusted(step.node, jacobian, delta)
            pass_on(self.each, jacobian, delta, deltas, self.gradients, self.errors)
            for slot, error in self.errors.items():
                if deltas[slot] is not error:
                    np.copyto(error, deltas[slot])
        except ContractError:
            raise
        except Exception as error:
            raise failed(step.where, doing, error, step.jacobian, arguments) from error


@dataclass(frozen=True, slots=True)
class DirectCost:
    """Compute the costs of the examples into `out`."""

    each: CostStep
    workspace: Workspace
    out: Array

    def __call__(self) -> None:
        """Compute the costs."""
        each, workspace = self.each, self.workspace
        if each.saved_slot is not None:
            workspace.slots[each.saved_slot] = {}
        costs = called(each, "forward", each.forward, workspace.handed_to(each))
        check_cost(each, costs, workspace.batch, workspace.dtype)
        np.copyto(self.out, costs)


@dataclass(frozen=True, slots=True)
class DirectCostGradient:
    """BP1: compute `scale` · f_n ∇_a C into `out`."""

    each: CostStep
    workspace: Workspace
    out: Array
    scale: Array

    def __call__(self) -> None:
        """Compute the gradient."""
        each, workspace = self.each, self.workspace
        if each.why is None:
            workspace.slots[each.buffer_slot] = self.out
        gradient = called(each, "jacobian", each.jacobian, workspace.handed_to(each))
        check_gradient(each, gradient, workspace.batch, workspace.dtype)
        scaled(gradient, workspace.slots[each.factor_slot], self.scale, self.out)
