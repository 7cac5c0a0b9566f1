"""Addition that keeps structure."""

from __future__ import annotations

from bpframe.core.operators.base import Operator, one_batch
from bpframe.core.operators.sum import Sum, common_shapes
from bpframe.errors import OperatorError

__all__ = ["add"]


def add(*operators: Operator) -> Operator:
    """Add operators of equal shapes and simplify.

        add(A, B) = A + B : v ↦ A v + B v

    Identities and diagonals join to a diagonal; everything else becomes a lazy `Sum`. Each class says itself what it
    joins. Operators that are not bound get their shapes from the others; the operators handed in stay as they are.

    Errors: OperatorError for no operators at all, different shapes or different batch sizes.

    Source: eq. (12), the addition over paths.
    """
    if not operators:
        raise OperatorError("add was called without operators", expected="at least one", received="none")
    flat: list[Operator] = []
    for operator in operators:
        flat.extend(operator.terms if isinstance(operator, Sum) else (operator,))
    shapes = common_shapes(tuple(flat))
    one_batch(flat)
    terms: list[Operator] = []
    for operator in flat:
        current = operator._with_shapes(*shapes)
        if current is not operator and current._is_bound():
            current._check_shapes(current.in_shape, current.out_shape)
        for place, term in enumerate(terms):
            joined = _join(term, current)
            if joined is not None:
                terms[place] = joined._with_shapes(*shapes)
                break
        else:
            terms.append(current)
    if len(terms) == 1:
        return terms[0]
    total, (in_shape, out_shape) = Sum(tuple(terms)), shapes
    if in_shape is None or out_shape is None:
        return total._with_shapes(in_shape, out_shape)
    total.in_shape, total.out_shape = in_shape, out_shape  # every term has them: nothing to hand on
    return total


def _join(first: Operator, second: Operator) -> Operator | None:
    """The sum first + second as one structure, or None where neither class joins the other."""
    joined = first._plus(second)
    return second._plus(first) if joined is None else joined
