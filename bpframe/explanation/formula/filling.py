"""Numbers in the places of letters, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np

from bpframe.explanation.formula.tree import (
    Applied,
    Atom,
    Call,
    Dots,
    Expression,
    Grid,
    Hadamard,
    HalfSquare,
    Minus,
    Nabla,
    Numbers,
    Partial,
    Plus,
    SumOver,
    Symbol,
    Times,
    Transposed,
)
from bpframe.validation.plain_arrays import Array

__all__ = ["filled", "worked_out"]

ATOMS = (Symbol, Partial, Nabla, Applied, Call)


def filled(expression: Expression, values: Mapping[Atom, Array]) -> Expression:
    """Return the expression with numbers for every atom whose value is known; the others stay letters."""
    match expression:
        case Symbol() | Partial() | Nabla() | Applied() | Call():
            return Numbers(values[expression]) if expression in values else expression
        case Plus(terms):
            return Plus(tuple(filled(each, values) for each in terms))
        case Times(factors):
            return Times(tuple(filled(each, values) for each in factors))
        case Minus(left, right):
            return Minus(filled(left, values), filled(right, values))
        case Hadamard(left, right):
            return Hadamard(filled(left, values), filled(right, values))
        case Transposed(inner):
            return _transposed(filled(inner, values))
        case HalfSquare(inner):
            return HalfSquare(filled(inner, values))
        case SumOver():
            return filled(expression.terms, values)
        case Grid():
            return filled(expression.whole, values)
        case Numbers() | Dots():
            return expression


def _transposed(inner: Expression) -> Expression:
    """Return a matrix of numbers turned round: what is multiplied with is shown, and not its transpose."""
    return (
        Numbers(np.atleast_2d(inner.array).T if inner.array.ndim > 1 else inner.array[None])
        if isinstance(inner, Numbers)
        else Transposed(inner)
    )


def worked_out(expression: Expression) -> Array | None:
    """Return what a filled expression comes to; None where a letter is left in it, or something is left out."""
    match expression:
        case Numbers(array):
            return array
        case Plus(terms):
            return _reduced(terms, np.add)
        case Times(factors):
            return _reduced(factors, _times)
        case Minus(left, right):
            return _reduced((left, right), np.subtract)
        case Hadamard(left, right):
            return _reduced((left, right), np.multiply)
        case Transposed(inner):
            found = worked_out(inner)
            return None if found is None else np.atleast_2d(found).T if found.ndim > 1 else found[None]
        case HalfSquare(inner):
            found = worked_out(inner)
            return None if found is None else np.asarray(0.5 * np.sum(found * found))
        case SumOver():
            return worked_out(expression.terms)
        case Grid():
            return worked_out(expression.whole)
        case _:
            return None


def _reduced(parts: tuple[Expression, ...], function: object) -> Array | None:
    found = [worked_out(each) for each in parts]
    if any(each is None for each in found):
        return None
    return reduce(function, found)  # type: ignore[call-overload, no-any-return]


def _times(left: Array, right: Array) -> Array:
    """Multiply as matrices: of a column and a row, the table of all products."""
    if left.ndim == 0 or right.ndim == 0:
        return np.asarray(left * right)
    if left.ndim == 1 and right.ndim == 2 and len(right) == 1:
        return np.outer(left, right)
    return np.asarray(left @ right)
