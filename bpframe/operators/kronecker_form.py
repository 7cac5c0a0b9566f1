"""Vectors that a parameter's operator pulled back, kept as outer products instead of being written out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["KroneckerForm"]

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

#: How many bytes of written-out vectors are held at once where outer products alone do not do.
CHUNK_BYTES = 1 << 24


class KroneckerForm:
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

    @property
    def places(self) -> int:
        """L: how many outer products add up to one vector."""
        count: int = self.left.shape[-2]
        return count

    def joined(self, other: KroneckerForm) -> KroneckerForm:
        """Return the sum of both, for a parameter that several nodes share: their outer products side by side."""
        if self.left.shape[-1] == other.left.shape[-1] and self.right.shape[-1] == other.right.shape[-1]:
            left = np.concatenate([self.left, other.left], axis=-2)
            return KroneckerForm(left, np.concatenate([self.right, other.right], axis=-2), self.shape)
        total = (self.vectors() + other.vectors()).reshape(*self.left.shape[:-2], 1, math.prod(self.shape))
        return KroneckerForm(total, np.ones_like(total, shape=(total.shape[-3], 1, 1)), self.shape)

    def vectors(self) -> Array:
        """Write the vectors out: (*S, N, *shape)."""
        e, a = self.left, self.right
        leading = e.shape[:-2]
        if self.places == 1:
            return np.multiply(e[..., 0, :, None], a[:, 0, None, :]).reshape(*leading, *self.shape)
        written: Array = np.matmul(e.swapaxes(-1, -2), a)
        return written.reshape(*leading, *self.shape)

    def total(self) -> Array:
        """Add over the examples: (*S, *shape)."""
        e, a = self.left, self.right
        stack, rows = e.shape[:-3], e.shape[-3] * e.shape[-2]
        summed: Array = np.matmul(e.reshape(*stack, rows, e.shape[-1]).swapaxes(-1, -2), a.reshape(rows, a.shape[-1]))
        return summed.reshape(*stack, *self.shape)

    def squared_norms(self) -> Array:
        """Return ‖J_nᵀ u_n‖², (*S, N), from ⟨e_l, e_k⟩ ⟨a_l, a_k⟩ alone where that is less work than the vectors."""
        e, a = self.left, self.right
        if self.places == 1:
            norms: Array = np.einsum("...i,...i->...", e[..., 0, :], e[..., 0, :])
            norms *= np.einsum("ni,ni->n", a[:, 0], a[:, 0])
            return norms
        if self._pairs_are_cheaper():
            pairs = np.matmul(e, e.swapaxes(-1, -2))
            pairs *= np.matmul(a, a.swapaxes(-1, -2))
            total: Array = pairs.sum(axis=(-1, -2))
            return total
        found = np.empty_like(e, shape=e.shape[:-2])
        for stack, rows, vectors in self._chunks():
            found[stack][rows] = np.einsum("nij,nij->n", vectors, vectors)
        return found

    def gram(self) -> Array:
        """Return all inner products ⟨J_nᵀ u_n, J_kᵀ u_k⟩: (K, K), with K = S·N counted in C order."""
        e, a = self.left, self.right
        count, examples = math.prod(e.shape[:-3]), e.shape[-3]
        if self.places == 1:
            flat = e.reshape(count * examples, e.shape[-1])
            products: Array = (flat @ flat.T).reshape(count, examples, count, examples)
            products *= (a[:, 0] @ a[:, 0].T)[None, :, None, :]
            return products.reshape(count * examples, count * examples)
        size = count * examples
        if self.places**2 * sum(self._sizes) < math.prod(self._sizes):
            rows, places = size * self.places, self.places
            flat = e.reshape(rows, e.shape[-1])
            right = np.broadcast_to(a, (count, *a.shape)).reshape(rows, a.shape[-1])
            found = np.empty_like(e, shape=(size, size))
            step = max(1, CHUNK_BYTES // max(1, places * rows * e.itemsize))
            for start in range(0, size, step):  # some vectors against all
                part = slice(start * places, (start + step) * places)
                pairs = flat[part] @ flat.T
                pairs *= right[part] @ right.T
                found[start : start + step] = pairs.reshape(-1, places, size, places).sum(axis=(1, 3))
            return found
        written = self.vectors().reshape(size, math.prod(self.shape))
        return written @ written.T

    def sum_of_squares(self) -> Array:
        """Add the squares of the vectors' entries over stack and examples: `shape`."""
        e, a = self.left, self.right
        if self.places == 1:
            squares = np.multiply(e, e)
            if e.ndim > 3:
                squares = squares.reshape(math.prod(e.shape[:-3]), *e.shape[-3:]).sum(axis=0)
            total: Array = squares[:, 0].T @ np.multiply(a[:, 0], a[:, 0])
            return total.reshape(self.shape)
        found = np.zeros_like(e, shape=self._sizes)
        for _, _, vectors in self._chunks():
            found += np.einsum("nij,nij->ij", vectors, vectors)
        return found.reshape(self.shape)

    @property
    def _sizes(self) -> tuple[int, int]:
        return self.left.shape[-1], self.right.shape[-1]

    def _pairs_are_cheaper(self) -> bool:
        m, n = self._sizes
        return self.places * (m + n) < m * n

    def _chunks(self) -> Iterator[tuple[tuple[int, ...], slice, Array]]:
        """Yield (stack position, rows, vectors (rows, m, n)), a few examples at a time."""
        e, a = self.left, self.right
        step = max(1, CHUNK_BYTES // max(1, math.prod(self._sizes) * e.itemsize))
        for stack in np.ndindex(*e.shape[:-3]):
            for start in range(0, e.shape[-3], step):
                rows = slice(start, start + step)
                yield stack, rows, np.matmul(e[stack][rows].swapaxes(-1, -2), a[rows])
