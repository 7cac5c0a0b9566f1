"""Full Jacobians of any value in inputs, values and parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from bpframe.core.operators import Diagonal, Operator, compose
from bpframe.derivatives.jacobian import (
    Derivation,
    Explanation,
    Order,
    dense_jacobians,
    derivation_of,
    explain,
    factored_jacobian,
    sources,
    sparse_jacobian,
    targets,
)
from bpframe.derivatives.jacobian.spectrum import Spectrum, spectrum_of
from bpframe.derivatives.second_order.in_portions import unknown
from bpframe.differentiable.evaluated import Arrays, Evaluated, evaluation
from bpframe.errors import DerivativeError

__all__ = ["Form", "Jacobians"]


#: How a Jacobian is handed out.
Form = Literal["dense", "sparse", "factored"]


class Jacobians(Evaluated):
    """Jacobians that are written out, or kept as operators."""

    @evaluation
    def jacobian(
        self,
        x: Arrays,
        *,
        of: str | None = None,
        wrt: str | Sequence[str] | None = None,
        order: Order = "auto",
        form: Form = "dense",
        explain: bool = False,
        training: bool = False,
        memory_limit: int | None = None,
    ) -> Any:
        """Return the Jacobian of a value, example by example: ∂v_of/∂v_wrt.

            J_n = Σ over paths Π of the local Jacobians along the path

        `of` is a node or output, by default the output; several outputs give a mapping. `wrt` is an input, a node, a
        parameter's path, "inputs" or "parameters" for all of them, or a list of these; by default the only input, or
        all of them. One name gives one Jacobian, everything else a mapping by name.

        | form | gives | shape |
        |---|---|---|
        | "dense" | an array | (N, *of, *wrt), of a parameter too: per example |
        | "sparse" | a scipy.sparse.csr_array of the whole batch | (N·of, N·wrt), block diagonal; of a parameter (N·of, size) |
        | "factored" | an `Operator` that is never multiplied out: jvp, vjp, cost, structure | (*S, N, *wrt) -> (*S, N, *of) |

        `order` is that of the multiplications: "reverse" and "forward" are the modes, "auto" the cheapest of all
        mixtures. With `explain=True` the result is a pair with an `Explanation` (by output, where there are several):
        printed, it shows the structures, the plan and the counts. `training` says whether components behave as in
        training. `memory_limit` is in bytes, by default 1 GiB for each result.

        Errors: DerivativeError for names that are none and for inputs of integers; BatchCoupledError that names a node
        which couples the examples, unless the form is factored; MemoryLimitError.

        Source: eq. (6) and eq. (12); for the order, see `plan_chain` and `plan_elimination`.
        """  # noqa: E501
        if form not in ("dense", "sparse", "factored"):
            raise unknown("form", form, ("dense", "sparse", "factored"))
        if order not in ("auto", "reverse", "forward"):
            raise unknown("order", order, ("auto", "reverse", "forward"))
        starts, single = sources(self.graph, wrt)
        found: dict[str, Any] = {}
        told: dict[str, Explanation] = {}
        results: dict[str, Any]
        for target in (ends := targets(self.graph, of)):
            if form == "dense":
                inputs = self._inputs(x)
                results, derivation = dense_jacobians(
                    self._engine.at(inputs), inputs, target, starts, order, training, memory_limit
                )
            elif form == "sparse":
                results, derivation = self._sparse(x, target, starts, order, training, memory_limit)
            else:
                trace = self.trace(x, training)
                results = {source: factored_jacobian(trace, source, target) for source in starts}
                derivation = derivation_of(trace, target, starts, order)
            results = {source: self._of_units(target, self._of_raw(source, each)) for source, each in results.items()}
            found[target] = results[starts[0]] if single else self.graph.named(results)
            if explain:
                told[target] = _told(derivation, form, results)
        if len(ends) == 1:
            return (found[ends[0]], told[ends[0]]) if explain else found[ends[0]]
        found, told = self.graph.named(found), self.graph.named(told)
        return (found, told) if explain else found

    @evaluation
    def spectrum(
        self, x: Arrays, *, of: str | None = None, training: bool = False, memory_limit: int | None = None
    ) -> Spectrum:
        """Return the singular values of ∂v_of/∂v for every value v on the way, and of v's own local Jacobian.

        Printed, it is a table from the output back to the inputs that makes vanishing and exploding errors visible.
        `of` is a node, by default the only output.

        Errors: DerivativeError where there are several outputs and none is named; BatchCoupledError that names a node;
        MemoryLimitError where one of the Jacobians would take more than `memory_limit` bytes, 1 GiB by default.
        """
        ends = targets(self.graph, of)
        if len(ends) > 1:
            raise DerivativeError("the network has several outputs", expected="of=" + " or ".join(map(repr, ends)))
        return spectrum_of(self._trace(x, training), ends[0], memory_limit)

    def _of_units(self, target: str, jacobian: Any) -> Any:
        """Return a Jacobian, in any form, of predictions in the targets' units where `target` is the output."""
        scale = self._unit_scale() if target in self.graph.outputs else None
        if scale is None:
            return jacobian
        if isinstance(jacobian, np.ndarray):
            return jacobian * scale.reshape(scale.shape + (1,) * (jacobian.ndim - 1 - scale.ndim))
        if isinstance(jacobian, Operator):
            return compose(Diagonal(scale[None]), jacobian)
        rows = np.repeat(np.arange(jacobian.shape[0]), np.diff(jacobian.indptr))
        jacobian.data = jacobian.data * scale.reshape(-1)[rows % scale.size]
        return jacobian

    def _of_raw(self, source: str, jacobian: Any) -> Any:
        """Return a Jacobian, in any form, with respect to raw inputs where `source` is an input that is scaled."""
        scale = self._raw_scale(source)
        if scale is None:
            return jacobian
        if isinstance(jacobian, np.ndarray):
            return jacobian / scale
        if isinstance(jacobian, Operator):
            return compose(jacobian, Diagonal(1 / scale[None]))
        jacobian.data = jacobian.data / scale.reshape(-1)[jacobian.indices % scale.size]
        return jacobian

    def _sparse(
        self, x: Arrays, target: str, starts: Sequence[str], order: Order, training: bool, limit: int | None
    ) -> tuple[dict[str, Any], Derivation]:
        derivation = derivation_of(self._trace(x, training), target, starts, order)
        derivation.check_uncoupled()
        parameters = self.graph.parameters
        return {
            path.source: sparse_jacobian(derivation, path, self.dtype, path.source in parameters, limit)
            for path in derivation.paths
        }, derivation


def _told(derivation: Derivation, form: Form, results: dict[str, Any]) -> Explanation:
    note = ""
    if form == "sparse":
        sizes = {path.source: math.prod(path.in_shape) for path in derivation.paths}
        full = [source for source, array in results.items() if array.nnz == array.shape[0] * sizes[source]]
        if full:
            note = f"no zeros to leave out in {', '.join(full)}: form='dense' takes less memory and time"
    return explain(derivation, form, note)
