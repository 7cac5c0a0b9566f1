"""The Hessian of a network's penalties: block diagonal, one block for each parameter that has some."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bpframe.core.backprop.penalties import Penalties, Term, asking
from bpframe.core.backprop.results import fits, misfit, wrong_array
from bpframe.core.backprop.workspace import read_only
from bpframe.core.component import contract_of
from bpframe.core.graph.parameters import ParameterVector
from bpframe.core.operators import Diagonal, Operator
from bpframe.errors import DerivativeError, OperatorError
from bpframe.validation.plain_arrays import Array

__all__ = ["PenaltyHessian", "hessian_of"]


class PenaltyHessian:
    """∂²R/∂θ² at some parameters, as what is added to matrices of the mean cost of the examples.

    Errors: DerivativeError that names a penalty without hessian.
    """

    def __init__(self, penalties: Penalties, parameters: ParameterVector) -> None:
        self._blocks: dict[str, list[Operator]] = {}
        for term in penalties.terms:
            self._blocks.setdefault(term.path, []).append(hessian_of(term, read_only(parameters.views[term.path])))

    def add_product(self, change: Mapping[str, Array], found: Mapping[str, Array], stack: tuple[int, ...] = ()) -> None:
        """Add products with changes (*S, *shape) by path; what is left out does not change."""
        for path, operators in self._blocks.items():
            if path in change:
                v = np.expand_dims(change[path], len(stack))
                for each in operators:
                    found[path][...] += each.jvp(v).reshape(found[path].shape)

    def add_diagonal(self, found: Mapping[str, Array]) -> None:
        """Add the diagonal, by path."""
        for path, operators in self._blocks.items():
            for each in operators:
                found[path][...] += _diagonal(each)

    def add_blocks(self, found: Mapping[str, Array]) -> None:
        """Add the blocks, written out: (p, p) by path."""
        for path, operators in self._blocks.items():
            size = len(found[path])
            for each in operators:
                found[path][...] += each.dense(found[path][:0]).reshape(size, size)

    def multiples(self) -> dict[str, tuple[float, bool]]:
        """Return c with ∂²R/∂p² ≈ c I, the mean of the diagonal, by path, and whether that is all there is."""
        found = {}
        for path, operators in self._blocks.items():
            diagonal = sum(np.asarray(_diagonal(each), np.float64) for each in operators)
            same = all(isinstance(each, Diagonal) for each in operators) and np.ptp(diagonal) == 0
            found[path] = float(np.mean(diagonal)), bool(same)
        return found


def hessian_of(term: Term, p: Array) -> Operator:
    """Return ∂²R/∂p² of one penalty as an operator on arrays (1, *shape of p).

    Errors: DerivativeError where the penalty declares none; ContractError for one that does not fit.
    """
    penalty, where = term.penalty, f"{term.where}: hessian"
    if "hessian" not in contract_of(type(penalty)):
        raise DerivativeError(
            f"{term.where} declares no hessian",
            expected="hessian(self, p): ∂²R/∂p² as an operator, or its diagonal like p",
            hint="declare it in the penalty: np.zeros_like(p) where it is linear",
        )
    raw = asking(term.where, penalty, "hessian")(p)
    try:
        if not isinstance(raw, Operator):
            if not fits(raw, p.shape, p.dtype):
                problem = f"{where} returned no operator, and no diagonal like p"
                raise wrong_array(problem, raw, p.shape, p.dtype, penalty, "p")
            raw = Diagonal(np.array(raw)[None])
        found: Operator = raw.bind(p.shape, p.shape)
        found.check(1)
    except OperatorError as error:
        raise misfit(where, error) from error
    return found


def _diagonal(operator: Operator) -> Array:
    """Return the diagonal of an operator on arrays (1, *shape), (*shape)."""
    shape = operator.in_shape
    if isinstance(operator, Diagonal):
        return np.broadcast_to(operator.d[0], shape)
    size = math.prod(shape)
    found: Array = np.einsum("kk->k", operator.dense().reshape(size, size))
    return found.reshape(shape)
