"""Operators side by side: add over all paths."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from bpframe.core.operators.base import Operator, Shape, refuse_neighbour
from bpframe.errors import OperatorError
from bpframe.forms.pulled_vectors import PulledVectors
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Sum", "common_shapes"]


class Sum(Operator):
    """Add several operators of equal shapes.

        J v = A v + B v,    Jᵀ u = Aᵀ u + Bᵀ u    for terms (A, B)

    Shapes: those of every term. `bind` hands them on to the terms that lack them. Cost: the sum of the terms' costs,
    and one addition per output for every term after the first. Lazy: `add` simplifies, this class does not.

    Errors: `check` refuses terms of different shapes, and whatever a term refuses.

    Source: eq. (12), the addition over paths.
    """

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[Operator, ...]) -> None:
        self.terms = terms

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward through every term and add."""
        return _products([term.jvp(v) for term in self.terms], out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back through every term and add."""
        return _products([term.vjp(u) for term in self.terms], out)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent through every term and add."""
        return _products([term.shared_jvp(v, batch) for term in self.terms], None)

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over examples and terms."""
        return _products([term.sum_vjp(u) for term in self.terms], out)

    def kronecker_form(self, u: Array) -> PulledVectors:
        """Return the terms' outer products side by side."""
        return reduce(lambda form, other: form.joined(other), (term.kronecker_form(u) for term in self.terms))

    @property
    def couples_batch(self) -> bool:  # type: ignore[override]  # a constant of the class elsewhere
        """Whether a term couples the batch."""
        return any(term.couples_batch for term in self.terms)

    @property
    def cost(self) -> int:
        """The sum of the terms' costs."""
        shapes = common_shapes(self.terms, *self._known_shapes())
        return sum(term._with_shapes(*shapes).cost for term in self.terms)

    @property
    def dense_cost(self) -> int | None:
        """The sum of the terms', where all are written out without unit vectors."""
        costs = [cost for term in self.terms if (cost := term.dense_cost) is not None]
        return sum(costs) if len(costs) == len(self.terms) else None

    def dense(self, like: Array | None = None) -> Array:
        """Add the terms' dense forms."""
        like = self._array() if like is None else like  # one kind of array for all, also for terms that hold none
        terms = [term._with_shapes(self.in_shape, self.out_shape) for term in self.terms]
        for term in terms:
            term._check_shapes(self.in_shape, self.out_shape)
        return _total([term.dense(like) for term in terms], None)

    def sparse(self, batch: int, dtype: npt.DTypeLike) -> csr_array:
        """Add the terms' sparse arrays."""
        return reduce(operator.add, (term.sparse(batch, dtype) for term in self.terms))

    @property
    def structure(self) -> str:
        """The terms' structures, joined by +."""
        return " + ".join(term.structure for term in self.terms)

    def bind(self, in_shape: Shape, out_shape: Shape) -> Self:
        """Set the shapes, here and in the terms that have none."""
        self.in_shape = in_shape
        self.out_shape = out_shape
        if not all(term._is_bound() for term in self.terms):
            self.terms = tuple(term._with_shapes(in_shape, out_shape) for term in self.terms)
        return self

    @property
    def _parts(self) -> tuple[Operator, ...]:
        return self.terms

    @property
    def _ignores_examples(self) -> bool:
        return all(term._ignores_examples for term in self.terms)

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        return common_shapes(self.terms, in_shape, out_shape)

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        if any(shape is not None for shape in self._known_shapes()):
            return None, None
        return self.terms[0]._assumed_shapes()

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        common_shapes(self.terms, in_shape, out_shape)


def common_shapes(
    terms: tuple[Operator, ...], in_shape: Shape | None = None, out_shape: Shape | None = None
) -> tuple[Shape | None, Shape | None]:
    """Find the shapes that all terms share; None where no term knows them.

    Errors: OperatorError where two terms, or the sum's own shapes, disagree.
    """
    open_terms = list(terms)
    # At most twice: what the last term knows may complete the first one.
    for _ in range(2):
        incomplete = []
        for term in open_terms:
            known_in, known_out = term._known_shapes()
            if known_in is None or known_out is None:
                incomplete.append(term)
                known_in, known_out = term._infer(
                    in_shape if known_in is None else known_in, out_shape if known_out is None else known_out
                )
            in_shape = _agree(terms, term, "input", in_shape, known_in)
            out_shape = _agree(terms, term, "output", out_shape, known_out)
        open_terms = incomplete
    return in_shape, out_shape


def _agree(
    terms: tuple[Operator, ...], term: Operator, side: str, common: Shape | None, shape: Shape | None
) -> Shape | None:
    """The common shape, or the term's where there is none yet; refuse a term whose shape is another one."""
    if common is None or shape is None:
        return shape if common is None else common
    if common != shape:
        refuse_neighbour(term, Sum(terms), side, common, shape)
    return common


def _products(results: list[Array], out: Array | None) -> Array:
    """Add the products of all terms, which have one shape: those of terms that were never bound are not broadcast."""
    if any(result.shape != results[0].shape for result in results):
        raise OperatorError(
            "the terms of a sum give products of different shapes",
            expected="one shape",
            received=", ".join(str(result.shape) for result in results),
        )
    return _total(results, out)


def _total(results: list[Array], out: Array | None) -> Array:
    """Add results that may be views or the argument itself, so that none is written to."""
    if len(results) == 1:
        return results[0]
    total = np.add(results[0], results[1], out=out)
    for result in results[2:]:
        total = np.add(total, result, out=out)
    return total
