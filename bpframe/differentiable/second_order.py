"""Products with the Hessian, the Gauss–Newton matrix and the Fisher information, and linear operators for SciPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.first_order.spaces import Space, Wrt, space_of
from bpframe.derivatives.points.given_arrays import checked_stack
from bpframe.derivatives.second_order.in_portions import Kind, Method, mean_product
from bpframe.derivatives.second_order.linear_operators import OperatorKind, curvature_operator, jacobian_operator
from bpframe.differentiable.evaluated import Arrays, Evaluated, evaluation
from bpframe.errors import DataError, DerivativeError
from bpframe.forms.scipy_view import linear_operator
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["SecondOrder"]


class SecondOrder(Evaluated):
    """Products of second order.

    All are of the mean cost C = 1/N Σ C_n, or Σ w_n C_n / Σ w_n with `sample_weight` as in `cost`. `tangent` is a
    mapping by parameter path, where what is left out does not change, or a flat vector in the layout of
    `parameters.vector`; with `wrt="inputs"` it is an array, or a mapping by input. All may have leading stack axes S.
    What comes back is of the same kind.

    `training` says whether components behave as in training (dropout, batch statistics).
    """

    @evaluation
    def hvp(
        self,
        x: Arrays,
        y: Arrays,
        tangent: Arrays,
        *,
        wrt: Wrt = "parameters",
        method: Method = "exact",
        training: bool = False,
        sample_weight: Arrays | None = None,
    ) -> Any:
        """Multiply the Hessian of the mean cost with a vector: v ↦ ∂²C/∂θ² v.

        Exact, forward over reverse, from the components' second-order declarations; `method="difference"` takes
        differences of exact gradients instead and needs no declaration (see `DifferenceProduct` for its steps).

        Shapes: tangent by path (*S, *shape), or (*S, P); with `wrt="inputs"` (*S, N, *input). Returns the same.

        Errors: DerivativeError that names a cost without hessian, or a node that bends and declares no second order;
        by differences, where the gradient jumps at these values.

        Source: Pearlmutter, Fast Exact Multiplication by the Hessian (1994).
        """
        return self._product("hessian", x, y, tangent, wrt, method, training, sample_weight)

    @evaluation
    def ggn_vp(
        self,
        x: Arrays,
        y: Arrays,
        tangent: Arrays,
        *,
        wrt: Wrt = "parameters",
        training: bool = False,
        sample_weight: Arrays | None = None,
    ) -> Any:
        """Multiply the Gauss–Newton matrix of the mean cost with a vector: v ↦ 1/N Σ_n J_nᵀ H_n J_n v.

        Shapes: as for `hvp`.

        Errors: DerivativeError that names a cost without hessian.

        Source: Schraudolph, Fast Curvature Matrix-Vector Products (2002).
        """
        return self._product("gauss_newton", x, y, tangent, wrt, "exact", training, sample_weight)

    @evaluation
    def fisher_vp(
        self,
        x: Arrays,
        y: Arrays,
        tangent: Arrays,
        *,
        wrt: Wrt = "parameters",
        training: bool = False,
        sample_weight: Arrays | None = None,
    ) -> Any:
        """Multiply the Fisher information of the model whose negative log-likelihood the cost is with a vector.

            F = 1/N Σ_n E_{y ~ p(y|a_n)} [g_n(y) g_n(y)ᵀ]

        It is the Gauss–Newton matrix where the cost's Hessian in the outputs does not depend on y. Shapes: those of
        `hvp`.

        Errors: DerivativeError that names a cost whose `hessian` asks for `y` or `saved`, or is not declared.

        Source: Martens, New Insights and Perspectives on the Natural Gradient Method (2020), section 9.
        """
        return self._product("fisher", x, y, tangent, wrt, "exact", training, sample_weight)

    @evaluation
    def linear_operator(
        self,
        kind: OperatorKind,
        x: Arrays,
        y: Arrays | None = None,
        *,
        wrt: Wrt = "parameters",
        method: Method = "exact",
        training: bool = False,
        sample_weight: Arrays | None = None,
    ) -> LinearOperator:
        """Return a derivative as a scipy.sparse.linalg.LinearOperator: linearised here, once, for many products.

        | kind | matrix | shape |
        |---|---|---|
        | "jacobian" | of all outputs at all examples; y may be left out | (N·out, P) |
        | "hessian" | ∂²C/∂θ² | (P, P) |
        | "gauss_newton" | 1/N Σ J_nᵀ H_n J_n | (P, P) |
        | "fisher" | the Fisher information | (P, P) |
        | "empirical_fisher" | 1/N Σ g_n g_nᵀ, of the gradients per example | (P, P) |

        With `wrt="inputs"` N·in stands in place of P. Vectors lie in the layout of `parameters.vector`, or as all
        examples of an input in C order, one input after another. Later changes of the network do not change it.

        Errors: those of `hvp` and `fisher_vp`; BatchCoupledError for an empirical Fisher of coupled examples,
        DerivativeError for one of examples that count differently in several outputs.
        """
        parameters = self.parameters.copy()
        if kind == "jacobian":
            if method != "exact":
                raise DerivativeError("only products with the Hessian are taken by differences", received=repr(kind))
            inputs = {name: array.copy() for name, array in self._inputs(x).items()}
            found = jacobian_operator(self._engine.at(inputs).trace(inputs, training, parameters), wrt)
            scaling = self._scaling(inputs, wrt)
            return found if scaling is None else found @ scaling
        if y is None:
            raise DataError("only the Jacobian can do without targets", expected="y", received=f"kind={kind!r}")
        samples = self._samples(x, y, sample_weight)
        inputs, targets = ({name: array.copy() for name, array in arrays.items()} for arrays in samples)
        found = curvature_operator(self._engine.at(inputs), kind, inputs, targets, wrt, method, training, parameters)
        scaling = self._scaling(inputs, wrt)
        return found if scaling is None else scaling @ found @ scaling

    def _scaling(self, inputs: Mapping[str, Array], wrt: Wrt) -> LinearOperator | None:
        """Return ∂x'/∂x of a batch's inputs, diagonal, where a preparation scales them and they are asked for."""
        scale = self._raw_scale(next(iter(inputs))) if wrt == "inputs" else None
        if scale is None:
            return None
        shape = next(iter(inputs.values())).shape

        def divided(vectors: Array) -> Array:
            return vectors / scale

        return linear_operator(divided, divided, shape, shape, self.dtype)

    def _product(
        self,
        kind: Kind,
        x: Arrays,
        y: Arrays,
        tangent: Arrays,
        wrt: Wrt,
        method: Method,
        training: bool,
        sample_weight: Arrays | None,
    ) -> Any:
        inputs, targets = self._samples(x, y, sample_weight)
        engine = self._engine.at(inputs)
        space = space_of(engine.graph, wrt, len(next(iter(inputs.values()))), self.dtype)
        change, stack = self._change(tangent, space)
        found = mean_product(engine, kind, inputs, targets, self._in_raw(change), stack, wrt, method, training)
        found = self._in_raw(found)
        if isinstance(tangent, ParameterVector):
            return self.parameters.like(space.join(found))
        if isinstance(tangent, Mapping):
            return found
        return space.join(found, stack) if wrt == "parameters" else next(iter(found.values()))

    def _change(self, tangent: Arrays, space: Space) -> tuple[dict[str, Array], tuple[int, ...]]:
        if isinstance(tangent, Mapping) or space.wrt == "inputs":
            what = "tangent" if space.wrt == "inputs" else "parameter tangent"
            return checked_stack(tangent, dict(space.shapes), what, space.dtype)
        flat, stack = checked_stack(tangent, {"vector": (space.size,)}, "parameter tangent", space.dtype)
        return space.split(flat["vector"]), stack
