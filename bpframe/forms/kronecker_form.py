"""Vectors that a parameter's operator pulled back, kept as outer products instead of being written out."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bpframe.forms.pulled_vectors import CHUNK_BYTES, PulledVectors, Shape, viewed
from bpframe.machine.workers import in_rows
from bpframe.validation.plain_arrays import Array

__all__ = ["KroneckerForm", "same_memory"]


class KroneckerForm(PulledVectors):
    """Pulled-back vectors, one per stack entry and example, as sums of outer products.

        J_nᵀ u_n = Σ_l e_{n,l} a_{n,l}ᵀ,    in the shape of the parameter

    For a weight W ↦ W a it is BP4 before the sum: the error e = δ and the activation a; l runs over the places that
    share the weight (time steps, places of a kernel). For a bias a = 1. Any operator has the form with a = 1 and one l:
    the vector itself.

    Shapes: left e (*S, N, L, m), right a (N, L, n), with m·n the size of `shape`.

    Source: Martens and Grosse, Optimizing Neural Networks with Kronecker-factored Approximate Curvature (2015), for
    the outer products; Goodfellow, Efficient Per-Example Gradient Computations (2015), for their norms.
    """

    __slots__ = ("left", "right", "shape")

    def __init__(self, left: Array, right: Array, shape: Shape) -> None:
        self.left = left
        self.right = right
        self.shape = shape

    @classmethod
    def of_vectors(cls, vectors: Array, shape: Shape) -> KroneckerForm:
        """Return the form that any vectors have, themselves times 1: (*S, N, *shape)."""
        left = vectors.reshape(*vectors.shape[: vectors.ndim - len(shape)], 1, math.prod(shape))
        return cls(left, np.ones_like(left, shape=(left.shape[-3], 1, 1)), shape)

    @property
    def places(self) -> int:
        """L: how many outer products add up to one vector."""
        count: int = self.left.shape[-2]
        return count

    @property
    def stack(self) -> Shape:
        """S: the stack axes."""
        shape: Shape = self.left.shape[:-3]
        return shape

    @property
    def examples(self) -> int:
        """N: how many examples there are."""
        count: int = self.left.shape[-3]
        return count

    @property
    def nbytes(self) -> int:
        """How many bytes both sides take."""
        return int(self.left.nbytes + self.right.nbytes)

    def joined(self, other: PulledVectors) -> KroneckerForm:
        """Return the sum of both: outer products side by side where the sides fit, else the vectors themselves."""
        if isinstance(other, KroneckerForm) and self._sizes == other._sizes:
            left = np.concatenate([self.left, other.left], axis=-2)
            return KroneckerForm(left, np.concatenate([self.right, other.right], axis=-2), self.shape)
        return KroneckerForm.of_vectors(self.vectors() + other.vectors(), self.shape)

    def reshaped(self, shape: Shape) -> KroneckerForm:
        """Return the same outer products for a parameter of another shape."""
        return KroneckerForm(self.left, self.right, shape)

    def vectors(self, out: Array | None = None) -> Array:
        """Write the vectors out: (*S, N, *shape)."""
        e, a = self.left, self.right
        target = None if out is None else viewed(out, (*e.shape[:-2], *self._sizes))
        if self.places == 1:
            written = np.empty_like(e, shape=(*e.shape[:-2], *self._sizes)) if target is None else target

            def write(rows: slice) -> None:
                # Half the time of a product with broadcasting: the inner loop runs over rows of a without a buffer.
                np.einsum("...ni,nj->...nij", e[..., rows, 0, :], a[rows, 0], out=written[..., rows, :, :])

            in_rows(write, self.examples, written.nbytes)
        else:
            written = np.matmul(e.swapaxes(-1, -2), a, out=target)
        return written.reshape(*e.shape[:-2], *self.shape) if out is None else out

    def total(self) -> Array:
        """Add over the examples: (*S, *shape)."""
        e, a = self.left, self.right
        stack, rows = e.shape[:-3], e.shape[-3] * e.shape[-2]
        summed: Array = np.matmul(e.reshape(*stack, rows, e.shape[-1]).swapaxes(-1, -2), a.reshape(rows, a.shape[-1]))
        return summed.reshape((*stack, *self.shape))

    def weighted(self, weights: Array) -> KroneckerForm:
        """Multiply every vector with a number: its left side."""
        return KroneckerForm(np.multiply(weights[..., None, None], self.left), self.right, self.shape)

    def inner(self, vector: Array) -> Array:
        """Return ⟨g_n, V⟩ = Σ_l e_{n,l}ᵀ V a_{n,l}: (*S, N)."""
        e, a = self.left, self.right
        stack = vector.shape[: vector.ndim - len(self.shape)]
        matrix = vector.reshape(*stack, 1, *self._sizes)
        found: Array = np.einsum("...nli,...nli->...n", e, np.matmul(a, matrix.swapaxes(-1, -2)))
        return found

    def squared_norms(self) -> Array:
        """Return ‖J_nᵀ u_n‖², (*S, N), from ⟨e_l, e_k⟩ ⟨a_l, a_k⟩ alone where that is less work than the vectors."""
        e, a = self.left, self.right
        if self.places == 1:
            # As products of a row with itself: BLAS takes half the time of einsum.
            norms: Array = np.matmul(e, e.swapaxes(-1, -2))[..., 0, 0]
            norms *= np.matmul(a, a.swapaxes(-1, -2))[:, 0, 0]
            return norms
        found = np.empty_like(e, shape=e.shape[:-2])
        m, n = self._sizes
        if self.places * (m + n) < m * n:
            step = max(1, CHUNK_BYTES // max(1, self.places**2 * math.prod(e.shape[:-3]) * e.itemsize))
            for start in range(0, e.shape[-3], step):
                some, right = e[..., start : start + step, :, :], a[start : start + step]
                pairs = np.matmul(some, some.swapaxes(-1, -2))
                pairs *= np.matmul(right, right.swapaxes(-1, -2))
                found[..., start : start + step] = pairs.sum(axis=(-1, -2))
            return found
        for stack, rows, vectors in self._chunks():
            found[stack][rows] = np.einsum("nij,nij->n", vectors, vectors)
        return found

    def gram(self, other: PulledVectors | None = None) -> Array:
        """Return all inner products with the vectors of another form, or its own: (K, K').

        ⟨Σ_l e_l a_lᵀ, Σ_k e'_k a'_kᵀ⟩ = Σ_lk ⟨e_l, e'_k⟩ ⟨a_l, a'_k⟩ where there are few places; otherwise the vectors
        are written out, some rows of the parameter at a time.
        """
        other = self if other is None else other
        if not isinstance(other, KroneckerForm) or self._sizes != other._sizes:
            return self._written() @ other._written().T
        if self.places == other.places == 1:
            (e, f), (s, t) = (each._flat_left() for each in (self, other)), (self._stacked, other._stacked)
            products: Array = (e @ f.T).reshape(s, self.examples, t, other.examples)
            products *= (self.right[:, 0] @ other.right[:, 0].T)[:, None, :]
            return products.reshape(s * self.examples, t * other.examples)
        if self.places * other.places * sum(self._sizes) < math.prod(self._sizes):
            return self._gram_of_pairs(other)
        return self._gram_of_slices(other)

    def sum_of_squares(self, weights: Array | None = None) -> Array:
        """Add the squares of the vectors' entries, c_{s,n} g_{s,n}², over stack and examples: `shape`."""
        if self.places == 1:
            return self.with_folded(self.folded(weights))
        found = np.zeros_like(self.left, shape=self._sizes)
        for stack, rows, vectors in self._chunks():
            if weights is None:
                found += np.einsum("nij,nij->ij", vectors, vectors)
            else:
                found += np.einsum("n,nij,nij->ij", weights[stack][rows], vectors, vectors)
        return found.reshape(self.shape)

    def folded(self, weights: Array | None = None) -> Array:
        """Return Σ_s c_{s,n} e_{s,n}², the left side squared and added over the stack: (N, m); forms of one place."""
        flat = self.left.reshape(self._stacked, self.examples, self.left.shape[-1])
        return _folded_squares(flat, None if weights is None else weights.reshape(flat.shape[:2]))

    def with_folded(self, folded: Array) -> Array:
        """Finish `sum_of_squares` of a form of one place: Σ_n (Σ_s c_{s,n} e_{s,n}²) (a_n²)ᵀ, in `shape`."""
        a = self.right
        total: Array = folded.T @ np.multiply(a[:, 0], a[:, 0])
        return total.reshape(self.shape)

    def has_left_of(self, other: PulledVectors | None) -> bool:
        """Whether both forms are of one place and have one left side in memory, as a weight's and its bias's."""
        if not isinstance(other, KroneckerForm) or not self.places == other.places == 1:
            return False
        return same_memory(self.left[..., 0, :], other.left[..., 0, :])

    @property
    def _sizes(self) -> tuple[int, int]:
        return self.left.shape[-1], self.right.shape[-1]

    @property
    def _stacked(self) -> int:
        return math.prod(self.left.shape[:-3])

    def _flat_left(self) -> Array:
        """(K·L, m)."""
        return self.left.reshape(math.prod(self.left.shape[:-1]), self.left.shape[-1])

    def _flat_right(self) -> Array:
        """(K·L, n), once for every entry of the stack."""
        a = self.right
        rows = self._stacked * math.prod(a.shape[:-1])
        flat: Array = np.broadcast_to(a, (self._stacked, *a.shape)).reshape(rows, a.shape[-1])
        return flat

    def _gram_of_pairs(self, other: KroneckerForm) -> Array:
        """Take all pairs of places, some vectors against all of the other form."""
        size, count = self._stacked * self.examples, other._stacked * other.examples
        (e, a), (f, b) = ((each._flat_left(), each._flat_right()) for each in (self, other))
        found = np.empty_like(e, shape=(size, count))
        step = max(1, CHUNK_BYTES // max(1, self.places * len(f) * e.itemsize))
        for start in range(0, size, step):
            part = slice(start * self.places, (start + step) * self.places)
            pairs = e[part] @ f.T
            pairs *= a[part] @ b.T
            vectors = min(step, size - start)
            found[start : start + step] = pairs.reshape(vectors, self.places, count, other.places).sum(axis=(1, 3))
        return found

    def _gram_of_slices(self, other: KroneckerForm) -> Array:
        """Write out the same rows of all vectors, as many rows at a time as memory allows, and add their products."""
        size, count = self._stacked * self.examples, other._stacked * other.examples
        found = np.zeros_like(self.left, shape=(size, count))
        m, n = self._sizes
        step = max(1, CHUNK_BYTES // max(1, (size + count) * n * self.left.itemsize))
        for start in range(0, m, step):
            rows = slice(start, start + step)
            part = self._rows_of_vectors(rows)
            against = part if other is self else other._rows_of_vectors(rows)
            found += part @ against.T
        return found

    def _rows_of_vectors(self, rows: slice) -> Array:
        """Some rows of every vector's matrix, flat: (K, rows·n)."""
        written = np.matmul(self.left[..., rows].swapaxes(-1, -2), self.right)
        flat: Array = written.reshape(self._stacked * self.examples, math.prod(written.shape[-2:]))
        return flat

    def _chunks(self) -> Iterator[tuple[tuple[int, ...], slice, Array]]:
        """Yield (stack position, rows, vectors (rows, m, n)), a few examples at a time."""
        e, a = self.left, self.right
        step = max(1, CHUNK_BYTES // max(1, math.prod(self._sizes) * e.itemsize))
        for stack in np.ndindex(*e.shape[:-3]):
            for start in range(0, e.shape[-3], step):
                rows = slice(start, start + step)
                yield stack, rows, np.matmul(e[stack][rows].swapaxes(-1, -2), a[rows])


def same_memory(one: Array, other: Array) -> bool:
    """Whether two arrays, both alive, are one piece of memory; of arrays that are not NumPy's, not surely."""
    if one.shape != other.shape or one.strides != other.strides or one.dtype != other.dtype:
        return False
    start, its_start = (getattr(each, "__array_interface__", {}).get("data") for each in (one, other))
    return start is not None and bool(start == its_start)


def _folded_squares(vectors: Array, weights: Array | None) -> Array:
    """Add c_{s,n} v_{s,n}² over the stack, before any other product: (S, N, m) -> (N, m)."""
    if vectors.strides[1] == 0 and weights is not None:  # all examples share the vectors
        one = vectors[:, 0]
        folded: Array = weights.T @ np.multiply(one, one)
    elif weights is None:
        folded = np.einsum("sni,sni->ni", vectors, vectors)
    else:
        folded = np.einsum("sn,sni,sni->ni", weights, vectors, vectors)
    return folded
