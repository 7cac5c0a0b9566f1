"""The functions of a chain, by what their Jacobians cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from bpframe.derivatives.points.given_integers import checked_integer
from bpframe.errors import DerivativeError

__all__ = ["Factor", "checked_chain"]


class Factor(NamedTuple):
    """One function f_k of a chain, by what its Jacobian costs.

    `outputs` is m_k and `inputs` is n_k. `edges` is |E_k|, the multiplications that send one vector through, forward
    or back: the edges of the function's computational graph, or an operator's `cost`. `known` is what it costs,
    for the whole batch, to write the Jacobian out otherwise than by sending unit vectors through, where that is
    possible: 0 for an operator that holds its entries.

    A structure is stated by these numbers. A diagonal of size s is `Factor(s, s, s, known=0)`, a product with which
    costs s·columns instead of s²·columns; a gather has no multiplications, `edges=0`; a matrix of rank r is two
    factors, (r, n) before (m, r).

    `shared` says that all examples of a batch share the Jacobian, as they share a layer's weights: its accumulation and
    its products with what is shared too are done once, everything else once for each example.
    """

    outputs: int
    inputs: int
    edges: int
    known: int | None = None
    shared: bool = False


def checked_chain(factors: Iterable[Factor | Sequence[int]]) -> tuple[Factor, ...]:
    """Return the factors of a chain, each taking what the one before it gives.

    Errors: DerivativeError that names the factor.
    """
    try:
        given = list(factors)
    except TypeError:
        raise DerivativeError(
            "a chain is planned from a list of factors",
            expected="[(outputs, inputs, edges), ...]",
            received=repr(factors),
        ) from None
    if not given:
        raise DerivativeError(
            "a chain without factors has no Jacobian", expected="[(outputs, inputs, edges), ...]", received="none"
        )
    chain = tuple(_factor(number, value) for number, value in enumerate(given, 1))
    for number, (before, factor) in enumerate(pairwise(chain), 2):
        if factor.inputs != before.outputs:
            raise DerivativeError(
                f"factor {number} of the chain does not take what factor {number - 1} gives",
                expected=f"{before.outputs} inputs",
                received=f"{factor.inputs} inputs in {tuple(factor[:3])}",
                hint="the function that is applied first comes first; a factor is (outputs, inputs, edges)",
            )
    return chain


def _factor(number: int, value: Any) -> Factor:
    try:
        numbers = tuple(value)
    except TypeError:
        numbers = ()
    if isinstance(value, str) or not 3 <= len(numbers) <= 5:
        raise DerivativeError(
            f"factor {number} of the chain is not stated by its sizes",
            expected="(outputs, inputs, edges)",
            received=repr(value),
        )
    place = f"of factor {number} of the chain"
    known = None if len(numbers) == 3 or numbers[3] is None else checked_integer(numbers[3], f"known {place}", least=0)
    shared = len(numbers) == 5 and bool(numbers[4])
    outputs, inputs = checked_integer(numbers[0], f"outputs {place}"), checked_integer(numbers[1], f"inputs {place}")
    edges = checked_integer(numbers[2], f"edges {place}", least=1 if known is None else 0)
    return Factor(outputs, inputs, edges, known, shared)
