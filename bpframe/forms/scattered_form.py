"""Vectors that an index map pulled back: few rows of the parameter, and where they lie."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bpframe.forms.kronecker_form import KroneckerForm
from bpframe.forms.pulled_vectors import PulledVectors, Shape, viewed
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["ScatteredForm", "gathered_form"]


class ScatteredForm(PulledVectors):
    """Pulled-back vectors, one per stack entry and example, as rows that are added into a parameter of zeros.

        J_nᵀ u_n = Σ_l i_{n,l} v_{n,l}ᵀ,    i_{n,l} the unit vector of row r_{n,l}

    For an embedding r are the tokens and v the errors. The parameter is read as a matrix of rows as long as v, entries
    in C order; a row may occur more than once. No product depends on the number of rows that no example reaches.

    Shapes: rows r (N, L), integers from 0; values v (*S, N, L, width), with width a divisor of the size of `shape`.
    """

    __slots__ = ("rows", "shape", "values")

    def __init__(self, rows: Array, values: Array, shape: Shape) -> None:
        self.rows = rows
        self.values = values
        self.shape = shape

    @property
    def stack(self) -> Shape:
        """S: the stack axes."""
        shape: Shape = self.values.shape[:-3]
        return shape

    @property
    def examples(self) -> int:
        """N: how many examples there are."""
        count: int = self.values.shape[-3]
        return count

    @property
    def nbytes(self) -> int:
        """How many bytes rows and values take."""
        return int(self.rows.nbytes + self.values.nbytes)

    def vectors(self, out: Array | None = None) -> Array:
        """Write the vectors out: (*S, N, *shape)."""
        found = np.empty_like(self.values, shape=(*self.stack, self.examples, *self.shape)) if out is None else out
        found[...] = 0
        written = viewed(found, (self._stacked, self.examples, self._count, self._width))
        places, sums = self._by_example()
        written[:, places // self._count, places % self._count] = sums
        return found

    def total(self) -> Array:
        """Add over the examples: (*S, *shape)."""
        rows, sums = _added(self.rows.reshape(-1), self._flat())
        return self._placed(rows, sums).reshape(*self.stack, *self.shape)

    def weighted(self, weights: Array) -> ScatteredForm:
        """Multiply every vector with a number: its values."""
        return ScatteredForm(self.rows, np.multiply(weights[..., None, None], self.values), self.shape)

    def inner(self, vector: Array) -> Array:
        """Return ⟨g_n, V⟩ = Σ_l ⟨v_{n,l}, V_{r_{n,l}}⟩: (*S, N)."""
        stack = vector.shape[: vector.ndim - len(self.shape)]
        picked = vector.reshape(*stack, self._count, self._width)[..., self.rows, :]
        found: Array = np.einsum("...nli,...nli->...n", self.values, picked)
        return found

    def squared_norms(self) -> Array:
        """Return ‖J_nᵀ u_n‖², (*S, N), after adding what falls on the same row."""
        places, sums = self._by_example()
        squares = np.einsum("sgi,sgi->sg", sums, sums)
        found = np.zeros_like(squares, shape=(self._stacked, self.examples))
        examples, each = _added(places // self._count, squares[..., None])
        found[:, examples] = each[..., 0]
        return found.reshape(*self.stack, self.examples)

    def gram(self, other: PulledVectors | None = None) -> Array:
        """Return all inner products with the vectors of another form, or its own, from the rows that both reach."""
        other = self if other is None else other
        if not isinstance(other, ScatteredForm):
            return self._written() @ other._written().T
        if self._width != other._width:
            return self._narrow().gram(other._narrow())
        touched = np.unique(np.concatenate([self.rows.reshape(-1), other.rows.reshape(-1)]))
        left = self._sparse(touched)
        right = left if other is self else other._sparse(touched)
        found: Array = (left @ right.T).toarray()
        return found

    def sum_of_squares(self, weights: Array | None = None) -> Array:
        """Add the squares of the vectors' entries, c_{s,n} g_{s,n}², over stack and examples: `shape`."""
        places, sums = self._by_example()
        squares = np.multiply(sums, sums)
        if weights is not None:
            squares *= weights.reshape(self._stacked, self.examples)[:, places // self._count, None]
        rows, squares = _added(places % self._count, squares.sum(axis=0)[None])
        return self._placed(rows, squares).reshape(self.shape)

    def joined(self, other: PulledVectors) -> PulledVectors:
        """Return the sum of both: their rows side by side, or the vectors themselves beside another kind of form."""
        if not isinstance(other, ScatteredForm):
            return KroneckerForm.of_vectors(self.vectors() + other.vectors(), self.shape)
        if self._width != other._width:
            return self._narrow().joined(other._narrow())
        rows = np.concatenate([self.rows, other.rows], axis=-1)
        return ScatteredForm(rows, np.concatenate([self.values, other.values], axis=-2), self.shape)

    def reshaped(self, shape: Shape) -> ScatteredForm:
        """Return the same rows for a parameter of another shape."""
        return ScatteredForm(self.rows, self.values, shape)

    @property
    def _width(self) -> int:
        width: int = self.values.shape[-1]
        return width

    @property
    def _count(self) -> int:
        """How many rows the parameter has."""
        return self.size // max(self._width, 1)

    @property
    def _stacked(self) -> int:
        return math.prod(self.stack)

    def _flat(self) -> Array:
        """The values as (S, N·L, width)."""
        return self.values.reshape(self._stacked, self.rows.size, self._width)

    def _narrow(self) -> ScatteredForm:
        """Return the same vectors with rows of one entry."""
        width = self._width
        rows = (self.rows[..., None] * width + np.arange(width)).reshape(len(self.rows), self.rows.shape[1] * width)
        return ScatteredForm(rows, self.values.reshape(*self.stack, *rows.shape, 1), self.shape)

    def _by_example(self) -> tuple[Array, Array]:
        """Add what falls on the same row of one example: places n·rows + r, ascending, and sums (S, places, width)."""
        starts = np.arange(len(self.rows), dtype=np.int64)[:, None] * self._count
        return _added((starts + self.rows).reshape(-1), self._flat())

    def _placed(self, rows: Array, sums: Array) -> Array:
        """Put rows that are all different into zeros: (S, all rows, width)."""
        found = np.zeros_like(sums, shape=(len(sums), self._count, self._width))
        found[:, rows] = sums
        return found

    def _sparse(self, touched: Array) -> csr_array:
        """All vectors as the rows of a scipy.sparse array, with columns for these rows of the parameter alone."""
        from scipy.sparse import csr_array

        places, sums = self._by_example()
        columns = np.searchsorted(touched, places % self._count)[:, None] * self._width + np.arange(self._width)
        ends = np.searchsorted(places, np.arange(1, self.examples + 1) * self._count) * self._width
        starts = np.arange(self._stacked)[:, None] * columns.size
        indptr = np.concatenate([[0], (starts + ends).reshape(-1)])
        indices = np.tile(columns.reshape(-1), self._stacked)
        shape = (self._stacked * self.examples, len(touched) * self._width)
        return csr_array((sums.reshape(-1), indices, indptr), shape=shape)


def gathered_form(index: Array, padding: Array | None, u: Array, shape: Shape) -> ScatteredForm | None:
    """Return what an index map pulls back, by whole rows of the parameter where the last axis reads such rows.

    None where the vectors themselves are no larger. Shapes: index (N or 1, *out) of flat positions in the parameter's
    `shape`, or below 0 where `padding` holds, None for nowhere; u (*S, N, *out).
    """
    axis, outputs, size = u.ndim - index.ndim, math.prod(index.shape[1:]), math.prod(shape)
    examples = u.shape[axis]
    positions = index.reshape(len(index), outputs)
    values = u.reshape(*u.shape[: axis + 1], outputs)
    width = 1
    if padding is None:
        width = _row_width(positions, index.shape[-1] if index.ndim > 1 else 1, size)
    else:
        values = np.where(padding.reshape(positions.shape), 0, values)
        positions = np.maximum(positions, 0)
    if width == 1 and outputs >= size:
        return None
    rows = np.broadcast_to(positions[:, ::width] // width, (examples, outputs // width))
    return ScatteredForm(rows, values.reshape(*u.shape[: axis + 1], outputs // width, width), shape)


def _row_width(positions: Array, width: int, size: int) -> int:
    """Return the length of the last axis where it always reads one row of the parameter, as in an embedding; else 1."""
    if width < 2 or not positions.size or size % width:
        return 1
    blocks = positions.reshape(positions.size // width, width)
    whole = not (blocks[:, 0] % width).any() and bool((blocks[:, 1:] - blocks[:, :-1] == 1).all())
    return width if whole else 1


def _added(keys: Array, values: Array) -> tuple[Array, Array]:
    """Add values (S, K, width) of equal keys (K,): the different keys, ascending, and their sums."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    values = values[:, order]
    if len(starts) == len(keys):
        return keys, values
    return keys[starts], np.add.reduceat(values, starts, axis=1)
