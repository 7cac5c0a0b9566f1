"""Products with the Hessian of the cost, exact: forward over reverse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bpframe.core.backprop.jvp import changes_of, tangents
from bpframe.core.backprop.steps import BackwardStep
from bpframe.derivatives.first_order.pull_back import pull_back, steps_to
from bpframe.derivatives.first_order.spaces import Space
from bpframe.derivatives.points.linearisation import Linearisation, by_slot
from bpframe.derivatives.points.walk_back import walk_back
from bpframe.derivatives.second_order.declared import Blocks, block_products, needs_second_order, second_order
from bpframe.validation.plain_arrays import Array

__all__ = ["HessianProduct"]


class HessianProduct:
    """The map v ↦ Σ_n ∂²C_n/∂θ² v at a linearisation; in the inputs likewise.

    With dv_i the change of node i's value along v, and δ_i its error, differentiating BP1 to BP4 gives

        dδ_out = H_C da                                             (BP1)
        dδ_j   = Σ_i [ J_ijᵀ dδ_i + Σ_t H_i^{(j,t)}[δ_i] dt ]       (BP2)
        ∂θ_i   = J_iθᵀ dδ_i + Σ_t H_i^{(θ,t)}[δ_i] dt               (BP3, BP4)

    H_i[δ] = Σ_k δ_k ∂²v_ik/∂s∂t is what a component declares as its second order. It is asked for where a change and
    an error meet in a node whose Jacobian can change; it is kept for the next product.

    Errors: DerivativeError that names a cost without hessian, or a node that bends and declares no second order.

    Source: Pearlmutter, Fast Exact Multiplication by the Hessian (1994).
    """

    def __init__(self, point: Linearisation, space: Space) -> None:
        self.point = point
        self.space = space
        self.batch = point.batch
        trace = point.trace
        deltas = by_slot(trace.plan, point.errors)
        self._errors = {
            each.step.node.name: delta for each, delta, _ in walk_back(trace, steps_to(trace, space), deltas)
        }
        self._blocks: dict[str, Blocks] = {}

    def __call__(self, change: Mapping[str, Array], stack: tuple[int, ...] = ()) -> dict[str, Array]:
        """Multiply: (*S, *shape) by name, where what is left out does not change -> the same, zeros left out."""
        point, trace = self.point, self.point.trace
        inputs, parameters = (change, {}) if self.space.wrt == "inputs" else ({}, change)
        moved = tangents(trace, inputs, parameters, stack)
        seeds = {output: point.hessians[output].jvp(moved[output]) for output in point.errors if output in moved}

        def bent(each: BackwardStep) -> Iterator[tuple[str, Array]]:
            node = each.step.node
            changing = changes_of(node, moved, parameters)
            wanted = [key for key, _ in (*each.edges, *each.parameters, *each.shared)]
            if not needs_second_order(node, changing, wanted):
                return
            yield from block_products(self._blocks_of(each), node, wanted, changing, trace.batch)

        return pull_back(trace, self.space, seeds, bent)

    def _blocks_of(self, each: BackwardStep) -> Blocks:
        name = each.step.node.name
        if name not in self._blocks:
            self._blocks[name] = second_order(self.point.trace, each.step, self._errors[name])
        return self._blocks[name]
