"""Mistakes in one part of a composed operator: each is changed in turn, to see whether that mends it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpframe.core.operators import Composed, Diagonal, Matrix, Operator, Sum
from bpframe.testing.diagnosis.case import Case

__all__ = ["changed_part"]


def changed_part(case: Case) -> str | None:
    """A term with the wrong sign, doubled, halved or too many; a factor too many, upside down or transposed."""
    operator = case.block.operator
    for text, variant in _variants(operator):
        if case.explained_by(variant.bind(operator.in_shape, operator.out_shape)):
            return text
    return None


def _scaled(part: Operator, number: float) -> Operator:
    return Composed((Diagonal(np.full((1, *part.out_shape), number)), part))


def _variants(operator: Operator) -> Iterator[tuple[str, Operator]]:
    """Yield the operator with one part changed, and the mistake that this would mend."""
    if isinstance(operator, Sum):
        terms = operator.terms
        for i, term in enumerate(terms):
            rest = (*terms[:i], *terms[i + 1 :])
            name = f"the term '{term.structure}'"
            yield f"{name} has the wrong sign", Sum((*rest, _scaled(term, -1.0)))
            yield f"{name} is half of what it should be", Sum((*rest, _scaled(term, 2.0)))
            yield f"{name} is twice what it should be", Sum((*rest, _scaled(term, 0.5)))
            if rest:
                yield f"{name} is too many", Sum(rest)
            for text, changed in _variants(term):
                yield text, Sum((*terms[:i], changed, *terms[i + 1 :]))
    elif isinstance(operator, Composed):
        factors = operator.factors
        for i, part in enumerate(factors):
            if part.in_shape == part.out_shape and len(factors) > 1:
                yield f"the factor '{part.structure}' is too many", Composed((*factors[:i], *factors[i + 1 :]))
                yield (
                    f"the factor '{part.structure}' is missing once more",
                    Composed((*factors[:i], part, *factors[i:])),
                )
            for text, changed in _variants(part):
                yield text, Composed((*factors[:i], changed, *factors[i + 1 :]))
    elif isinstance(operator, Diagonal):
        if operator.d.all():
            yield "the factor 'diagonal' is upside down: its reciprocal is meant", Diagonal(1 / operator.d)
    elif isinstance(operator, Matrix) and operator.w.shape[0] == operator.w.shape[1]:
        yield "the factor 'matrix' is transposed", Matrix(operator.w.T)
