"""Products with the Gauss–Newton matrix, and with the Fisher information."""

from __future__ import annotations

from collections.abc import Mapping

from bpframe.core.backprop.jvp import tangents
from bpframe.core.component import contract_of
from bpframe.core.graph.graph import Graph
from bpframe.derivatives.first_order.pull_back import pull_back
from bpframe.derivatives.first_order.spaces import Space
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.errors import DerivativeError
from bpframe.validation.plain_arrays import Array

__all__ = ["GaussNewtonProduct", "check_fisher"]


class GaussNewtonProduct:
    """The map v ↦ Σ_n J_nᵀ H_n J_n v at a linearisation: the Hessian without the bending of the network itself.

    J_n is the Jacobian of the outputs in the parameters (or inputs) and H_n = ∂²C_n/∂a²; several outputs add up.
    Nobody's second order is needed, and the matrix has no negative eigenvalue where H_n has none.

    Errors: DerivativeError that names a cost without hessian.

    Source: Schraudolph, Fast Curvature Matrix-Vector Products (2002).
    """

    def __init__(self, point: Linearisation, space: Space) -> None:
        self.point = point
        self.space = space
        self.batch = point.batch

    def __call__(self, change: Mapping[str, Array], stack: tuple[int, ...] = ()) -> dict[str, Array]:
        """Multiply: (*S, *shape) by name, where what is left out does not change -> the same, zeros left out."""
        point = self.point
        inputs, parameters = (change, {}) if self.space.wrt == "inputs" else ({}, change)
        moved = tangents(point.trace, inputs, parameters, stack)
        seeds = {output: hessian.jvp(moved[output]) for output, hessian in point.hessians.items() if output in moved}
        return pull_back(point.trace, self.space, seeds)


def check_fisher(graph: Graph) -> None:
    """Refuse costs for which the Gauss–Newton matrix is not known to be the Fisher information.

        F = E_{y ~ p(y|a)} [g gᵀ] = E_y [Jᵀ (∂²C/∂a²) J],    where C = −log p(y|a)

    The expectation over y does nothing to a Hessian that does not depend on y, as for every exponential family in its
    natural parameters: then F is the Gauss–Newton matrix. A `hessian` that asks for `y`, or for `saved`, which may
    hold what depends on y, is refused.

    Errors: DerivativeError that names the cost.

    Source: Martens, New Insights and Perspectives on the Natural Gradient Method (2020), section 9.
    """
    for output, cost in graph.cost.items():
        signature = contract_of(type(cost)).methods.get("hessian")
        words = [word for word in ("y", "saved") if signature is not None and signature.asks_for(word)]
        if words:
            raise DerivativeError(
                f"the cost of '{output}' ({cost.kind}): its hessian asks for '{words[0]}', so that the Fisher "
                "information, an expectation over y, is not known to be the Gauss–Newton matrix",
                expected="hessian(self, a), as for a log-likelihood in natural parameters",
                received=f"hessian(self, {', '.join(signature.words) if signature else ''})",
                hint="ggn_vp; or linear_operator('empirical_fisher', x, y)",
            )
