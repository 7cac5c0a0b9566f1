"""Kronecker factors of the Gauss–Newton blocks, derived from the outer products of each parameter's operator."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from bpframe.core.backprop.weights import scaled
from bpframe.core.graph.parameters import ParameterVector
from bpframe.core.operators import KroneckerForm, PulledVectors
from bpframe.derivatives.curvature.columns import RootColumns
from bpframe.derivatives.curvature.factors import KroneckerFactors
from bpframe.derivatives.curvature.places import FormsAtPlaces
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.derivatives.points.memory import check_memory
from bpframe.derivatives.second_order.in_portions import unknown
from bpframe.forms.kronecker_form import same_memory
from bpframe.validation.plain_arrays import Array

__all__ = ["WeightSharing", "kronecker_factors"]


#: How the places that share a weight within one example are treated.
WeightSharing = Literal["expand", "reduce"]


def kronecker_factors(
    points: Iterable[Linearisation],
    parameters: ParameterVector,
    samples: int | None,
    seed: int,
    weight_sharing: WeightSharing = "expand",
    memory_limit: int | None = None,
    ridge: Mapping[str, tuple[float, bool]] = MappingProxyType({}),
) -> KroneckerFactors:
    """Return KFAC's factors of the mean cost's Gauss–Newton blocks, over all examples of `points`.

    What a block consists of are sums of outer products over L places, J_nᵀ s_{n,r} = Σ_l e_{n,l,r} a_{n,l}ᵀ.
    The mean of the product of both sides is replaced by the product of their means:

        expand:  A = 1/(NL) Σ_n Σ_l a_{n,l} a_{n,l}ᵀ,    B = 1/N Σ_n Σ_l Σ_r e_{n,l,r} e_{n,l,r}ᵀ
        reduce:  A = 1/N Σ_n ā_n ā_nᵀ,                   B = 1/N Σ_n Σ_r ē_{n,r} ē_{n,r}ᵀ
                 with ā_n = 1/L Σ_l a_{n,l} and ē_{n,r} = Σ_l e_{n,l,r}

    Sums over n count a weighted example as often as its weight says; A, which knows no output, as the mean of the
    weights that its outputs give it.

    For L = 1 both are the same. What several nodes share has the places of all of them. Weights and biases are blocks
    of their own: a bias has A = [[1]], and what lies between a weight and its bias is left out. `ridge` has by path
    what penalties add to a block, a multiple of the identity, and whether that is all of their Hessian.

    Errors: MemoryLimitError that names a parameter whose factor is larger than the limit; DerivativeError for another
    `weight_sharing`, for no number of samples, and for a cost without a Hessian root; BatchCoupledError.

    Source: Martens and Grosse, Optimizing Neural Networks with Kronecker-factored Approximate Curvature (2015), for
    L = 1; Botev, Ritter and Barber, Practical Gauss-Newton Optimisation for Deep Learning (2017), for exact columns;
    Eschenhagen, Immer, Turner, Schneider and Hennig, Kronecker-Factored Approximate Curvature for Modern Neural Network
    Architectures (2023), for L > 1.
    """
    if weight_sharing not in ("expand", "reduce"):
        raise unknown("weight_sharing", weight_sharing, ("expand", "reduce"))
    columns, count = RootColumns(samples, seed), 0
    shapes, dtype = parameters.shapes, parameters.vector.dtype
    sums = {path: _Sums(path, dtype, weight_sharing, memory_limit) for path in parameters}
    for point in points:
        count += point.batch
        at_places = set() if samples is not None or weight_sharing == "reduce" else _add_at_places(point, sums)
        if at_places == set(sums):
            continue
        for number, seeds in enumerate(columns.of(point)):
            known = _Known()
            for path, form in point.parameter_forms(seeds, reuse=True):
                if path not in at_places:
                    sums[path].add(form, with_right=number == 0, known=known, counting=point.counting)
    factors = {path: each.factors(count, columns.scale) or _zeros(shapes[path], dtype) for path, each in sums.items()}
    exact = frozenset(path for path, each in sums.items() if each.is_exact and ridge.get(path, (0.0, True))[1])
    return KroneckerFactors(factors, exact, shapes, dtype, {path: multiple for path, (multiple, _) in ridge.items()})


def _add_at_places(point: Linearisation, sums: Mapping[str, _Sums]) -> set[str]:
    """Add what can be told from the columns of all places at once; return the paths that are done with."""
    forms, told, known = FormsAtPlaces(point), set(), _Known()
    for number, path, form in forms.in_turn():
        told.add(path)
        sums[path].add(form.outer, number == 0, known, point.counting, form.moments)
    return told


class _Known:
    """Σ e eᵀ of the last array of errors: a weight and its bias have the same."""

    def __init__(self) -> None:
        self._rows: Array | None = None
        self._product: Array | None = None

    def of(self, rows: Array) -> Array:
        """Return eᵀ e, which nobody may write."""
        if self._product is None or self._rows is None or not same_memory(self._rows, rows):
            self._rows, self._product = rows, rows.T @ rows
        return self._product


class _Sums:
    """Σ a aᵀ and Σ e eᵀ of one parameter so far."""

    def __init__(self, path: str, dtype: Any, weight_sharing: WeightSharing, memory_limit: int | None) -> None:
        self.path = path
        self.dtype = dtype
        self.reduces = weight_sharing == "reduce"
        self.memory_limit = memory_limit
        self.places = 1
        self.right: Array | None = None
        self.left: Array | None = None
        self.exact = True

    def add(
        self,
        form: PulledVectors,
        with_right: bool,
        known: _Known,
        counting: Array | None = None,
        moments: Array | None = None,
    ) -> None:
        """Add the outer products of some columns; the right sides, which all columns share, only once.

        Each example's right sides are added as often as it counts; the left sides know that already. Where their
        `moments` Σ e eᵀ are given, these are taken.
        """
        if not isinstance(form, KroneckerForm):
            self._check(form.size, 1)
            form = KroneckerForm.of_vectors(form.vectors(), form.shape)
        e, a = form.left, form.right
        if self.left is None:
            self._check(e.shape[-1], a.shape[-1])
            self.places = form.places
        if self.reduces and form.places > 1:
            e, a = e.sum(axis=-2), a.sum(axis=-2)
        product = known.of(e.reshape(-1, e.shape[-1])) if moments is None else moments
        self.left = product if self.left is None else self.left + product  # a product may be another parameter's, too
        if with_right:
            if a.shape[-1] > 1 or not (form.right == 1).all():
                self.exact = False
            if counting is not None:
                a = scaled(a, np.sqrt(counting), 1.0)
            rows = a.reshape(-1, a.shape[-1])
            squares = rows.T @ rows
            self.right = squares if self.right is None else self.right + squares

    def factors(self, count: int, scale: float) -> tuple[Array, Array] | None:
        """Return A and B; None for a parameter that no vector reached."""
        if self.left is None or self.right is None:
            return None
        self.right *= 1.0 / (count * (self.places**2 if self.reduces else self.places))
        return self.right, self.left * (scale / count)

    @property
    def is_exact(self) -> bool:
        """Whether B ⊗ A is the block itself: nothing but errors, in one place."""
        return self.exact and (self.reduces or self.places == 1)

    def _check(self, m: int, n: int) -> None:
        size = max(m, n)
        structure = "" if n > 1 else ", or a kronecker_form with more structure in the parameter's operator"
        check_memory(
            f"a Kronecker factor of '{self.path}'",
            (size, size),
            self.dtype,
            self.memory_limit,
            f"gauss_newton_diagonal{structure}",
        )


def _zeros(shape: tuple[int, ...], dtype: Any) -> tuple[Array, Array]:
    n = shape[-1] if shape else 1
    m = math.prod(shape) // max(n, 1)
    return np.zeros((n, n), dtype), np.zeros((m, m), dtype)
