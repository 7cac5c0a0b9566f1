"""Penalties of parameters: what the total cost has beside the mean cost of the examples.

    C(θ) = 1/N Σ_n C_n(θ) + R(θ),    R(θ) = Σ_i R_i(p_i)

Each R_i is a component's, of one parameter p_i that is trained. R is added once, to the mean: it is divided by nothing
and no sample weight counts in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.core.backprop.results import failed, fits, wrong_array
from bpframe.core.backprop.workspace import read_only
from bpframe.core.component import Penalty, contract_of
from bpframe.errors import BpframeError, ContractError
from bpframe.validation.plain_arrays import Array

__all__ = ["Penalties", "Term", "asking"]


@dataclass(frozen=True, slots=True)
class Term:
    """One penalty of one parameter: what is called, and what messages call it."""

    path: str
    penalty: Penalty
    where: str
    forward: Callable[[Array], Any]
    gradient: Callable[[Array], Any]

    @classmethod
    def of(cls, path: str, penalty: Penalty) -> Term:
        """Bind a penalty's methods."""
        where = f"the penalty of '{path}' ({penalty.kind})"
        return cls(path, penalty, where, asking(where, penalty, "forward"), asking(where, penalty, "gradient"))

    def cost(self, p: Array) -> Any:
        """Return R(p), a number like the entries of p. Errors: ContractError."""
        value = self.forward(p)
        if np.shape(value) != () or np.asarray(value).dtype.kind not in ("fiuc" if p.dtype.kind == "c" else "fiu"):
            raise ContractError(
                f"{self.where}: forward must return one number",
                expected="a number, such as (p * p).sum()",
                received=f"shape {np.shape(value)}" if np.shape(value) else repr(value)[:80],
            )
        return value


class Penalties:
    """R(θ) of a network, and its derivatives; false where there is none.

    `parameters` and gradients are views by path, such as `ParameterVector.views`.
    """

    def __init__(self, penalties: Iterable[tuple[str, Penalty]]) -> None:
        self.terms = tuple(Term.of(path, penalty) for path, penalty in penalties)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def cost(self, parameters: Mapping[str, Array]) -> float:
        """Return R, added in double precision; 0 where there is none."""
        return float(self.value(parameters)) if self.terms else 0.0

    def value(self, parameters: Mapping[str, Array]) -> Any:
        """Return R of parameters that may be complex."""
        return sum(term.cost(read_only(parameters[term.path])) for term in self.terms)

    def add_gradient(self, parameters: Mapping[str, Array], gradient: Mapping[str, Array]) -> None:
        """Add ∂R/∂θ to a gradient of the mean cost. Errors: ContractError."""
        for term in self.terms:
            p = parameters[term.path]
            found = term.gradient(read_only(p))
            if not fits(found, p.shape, p.dtype):
                problem = f"{term.where}: gradient must return an array like p"
                raise wrong_array(problem, found, p.shape, p.dtype, term.penalty, "p")
            gradient[term.path][...] += found


def asking(where: str, penalty: Penalty, method: str) -> Callable[[Array], Any]:
    """Return what calls a method with p, as it asks for it."""
    signature, function = contract_of(type(penalty)).methods[method], getattr(penalty, method)
    placed, named = signature.asks_for("p") and not signature.keyword_only, bool(signature.keyword_only)

    def asked(p: Array) -> Any:
        try:
            return function(p) if placed else function(p=p) if named else function()
        except BpframeError:
            raise
        except Exception as error:
            raise failed(where, method, error) from error

    return asked
