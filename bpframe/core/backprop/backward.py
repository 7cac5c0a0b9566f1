"""The backward pass: BP1, BP2, BP3 and BP4 for any graph and any component.

Let node i compute v_i = f_i(its inputs; θ_i), with local Jacobians J_ij = ∂v_i/∂v_j and J_iθ = ∂v_i/∂θ_i. Then

    δ_output = ∇_a C                            (BP1; the activation's node contributes its σ'(z))
    δ_j      = Σ_{i consumes j} J_ijᵀ δ_i       (BP2: multiply along a path, add over all paths)
    ∂C/∂θ_i  = J_iθᵀ δ_i                        (BP3 and BP4)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.core.backprop.layout import laid_out
from bpframe.core.backprop.local_jacobian import local_jacobian
from bpframe.core.backprop.results import called, check_gradient, check_product, failed
from bpframe.core.backprop.steps import BackwardStep
from bpframe.core.backprop.weights import Scale, scaled
from bpframe.core.backprop.workspace import Workspace, locked, read_only
from bpframe.core.graph.graph import Node
from bpframe.core.operators import Operator, pulled_once
from bpframe.errors import ContractError
from bpframe.validation.plain_arrays import Array

__all__ = ["backward", "distrusted", "output_errors", "pass_on"]


def output_errors(workspace: Workspace, scale: Scale = 1.0) -> list[Array | None]:
    """BP1: the error of every output, `scale` · f_n ∇_a C, by slot; eq. (16) where no activation follows.

    Gradients are sums over examples, each times its factor f_n; `scale` = 1/N makes them the mean's, at the price of a
    product of the outputs' size rather than of the parameters'.
    """
    deltas: list[Array | None] = [None] * len(workspace.slots)
    for number, each in enumerate(workspace.plan.costs):
        buffer = workspace.slots[each.buffer_slot]
        gradient = called(each, "jacobian", each.jacobian, workspace.handed_to(each))  # it may lie in the buffer
        if each.why is not None or not workspace.checked:
            check_gradient(each, gradient, workspace.batch, workspace.dtype)
        one = scale[number] if isinstance(scale, tuple) else scale
        deltas[each.value_slot] = scaled(gradient, workspace.slots[each.factor_slot], one, buffer)
    return deltas


def backward(
    workspace: Workspace, steps: Sequence[BackwardStep], deltas: list[Array | None], gradients: list[Any]
) -> None:
    """BP2, BP3 and BP4: spread the errors `deltas` back along `steps`, writing gradients as they pass.

    `deltas` holds the error of a value in the value's slot, (*S, N, *features), until it was passed on. `gradients`
    holds in each parameter's slot the array to write, (*S, *shape), with any leading stack axes S.
    """
    checked = workspace.checked
    no_buffers = [None] * len(deltas)
    for each in steps:
        for _, slot in each.shared:
            gradients[slot][...] = 0
    for each in steps:
        step = each.step
        delta = deltas[step.slot]
        if delta is None:  # no output's error reaches this node
            for _, slot in each.parameters:
                gradients[slot][...] = 0
            continue
        apart = not checked or step.why is not None
        jacobian: Mapping[str, Any] = pulled_once(local_jacobian(workspace, step), apart)
        delta = read_only(delta)
        if apart:
            jacobian, delta = distrusted(step.node, jacobian, delta)
        try:
            deltas[step.slot] = None  # nobody reads it again
            pass_on(each, jacobian, delta, deltas, gradients, no_buffers)
        except ContractError:
            raise
        except Exception as error:
            raise failed(step.node.where, "a product with jacobian", error) from error


def pass_on(
    each: BackwardStep,
    jacobian: Mapping[str, Any],
    delta: Any,
    deltas: Any,
    gradients: Any,
    buffers: Any,
) -> None:
    """Send one node's error along its edges, and to its parameters: BP2, BP3 and BP4.

    Without activations: eq. (17) for one path, eq. (18) for two, and eq. (14) for the parameters.

    All by slot, in lists or mappings: the errors so far or None, which are filled in, the gradients to write, and where
    the error of a value may be written, or None.
    """
    for key, slot in each.edges:
        so_far = deltas[slot]
        if so_far is None:
            deltas[slot] = laid_out(jacobian[key].vjp(delta, buffers[slot]))  # BP2, the first path
        else:
            deltas[slot] = laid_out(np.add(so_far, jacobian[key].vjp(delta), out=buffers[slot]))  # add over paths
    for key, slot in each.parameters:
        gradient = gradients[slot]
        result = jacobian[key].sum_vjp(delta, gradient)  # BP3, BP4
        if result is not gradient:
            gradient[...] = result
    for key, slot in each.shared:
        total = gradients[slot]  # add over all nodes that use the parameter
        np.add(total, jacobian[key].sum_vjp(delta), out=total)


def distrusted(node: Node, jacobian: Mapping[str, Operator], delta: Array) -> tuple[dict[str, Distrusted], Array]:
    """Return operators that are new, or may keep what they are handed, and the error to hand to them: a copy."""
    return {key: Distrusted(operator, node, key) for key, operator in jacobian.items()}, locked(delta.copy())


class Distrusted:
    """An operator whose products are checked, and copied.

    It hands on no buffer, in which a wrong dtype would not show.
    """

    def __init__(self, operator: Operator, node: Node, key: str) -> None:
        self.operator = operator
        self.node = node
        self.key = key

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Return Jᵀ u."""
        return self._held("vjp", u, self.operator.vjp(_handed(u)), batched=True)

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Return Σ_n J_nᵀ u_n."""
        return self._held("sum_vjp", u, self.operator.sum_vjp(_handed(u)), batched=False)

    def _held(self, product: str, u: Array, value: Array, batched: bool) -> Array:
        leading = u.ndim - len(self.node.output_shape)
        shape = (*u.shape[: leading if batched else leading - 1], *self.node.slot_shapes[self.key])
        check_product(self.node, self.key, product, value, shape, u.dtype)
        return value.copy()


def _handed(u: Array) -> Array:
    """Return an error, or a copy where `np.add.at` would write into it: arrays of one axis, although read-only."""
    return u if u.ndim > 1 else u.copy()
