"""Vectors that a parameter's operator pulled back, in a form smaller than themselves."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Self

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["CHUNK_BYTES", "PulledVectors", "viewed"]

Shape = tuple[int, ...]

#: How many bytes of written-out vectors are held at once where the form alone does not do.
CHUNK_BYTES = 1 << 24


class PulledVectors(ABC):
    """The vectors g_{s,n} = J_nᵀ u_{s,n} of a parameter, and what can be computed from their form.

    Attributes: `shape`, that of the parameter; `stack` S and `examples` N; `nbytes`, what the form holds.

    A subclass says what the form is. Norms, inner products and sums are then taken without all vectors being written
    out at once. Results are the caller's own arrays.
    """

    __slots__ = ()

    shape: Shape

    @property
    @abstractmethod
    def stack(self) -> Shape:
        """S: the stack axes."""

    @property
    @abstractmethod
    def examples(self) -> int:
        """N: how many examples there are."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """How many bytes the form's arrays take."""

    @abstractmethod
    def vectors(self, out: Array | None = None) -> Array:
        """Write the vectors out, into `out` where it is given: (*S, N, *shape)."""

    @abstractmethod
    def total(self) -> Array:
        """Add over the examples: (*S, *shape)."""

    @abstractmethod
    def weighted(self, weights: Array) -> Self:
        """Multiply every vector with a number: c (*S, N), or of a vector without stack to one with: (*S', N)."""

    @abstractmethod
    def inner(self, vector: Array) -> Array:
        """Return ⟨g_n, V⟩ with vectors V (*S, *shape) that all examples share: (*S, N).

        One of both, the form or V, has the stack.
        """

    @abstractmethod
    def squared_norms(self) -> Array:
        """Return ‖g_n‖²: (*S, N)."""

    @abstractmethod
    def gram(self, other: PulledVectors | None = None) -> Array:
        """Return all inner products ⟨g_n, h_k⟩ with the vectors of another form, or its own: (K, K').

        K = S·N vectors, counted in C order.
        """

    @abstractmethod
    def sum_of_squares(self, weights: Array | None = None) -> Array:
        """Add the squares of the vectors' entries over stack and examples, c_{s,n} g_{s,n}²: `shape`.

        The weights (*S, N), 1 unless given, may be negative.
        """

    @abstractmethod
    def joined(self, other: PulledVectors) -> PulledVectors:
        """Return the sum of both, g_n + h_n, for a parameter that several nodes share."""

    @abstractmethod
    def reshaped(self, shape: Shape) -> PulledVectors:
        """Return the same vectors for a parameter of another shape, entries in C order."""

    @property
    def size(self) -> int:
        """How many entries one vector has."""
        return math.prod(self.shape)

    def _written(self) -> Array:
        """All vectors as the rows of a matrix: (S·N, size)."""
        return self.vectors().reshape(math.prod(self.stack) * self.examples, self.size)


def viewed(out: Array, shape: Shape) -> Array:
    """Return a view of a buffer in another shape.

    Errors: ValueError where its entries lie so that there is none.
    """
    view = out.reshape(shape)
    if view.size and not np.may_share_memory(view, out):
        raise ValueError(f"a buffer {out.shape} with strides {out.strides} has no view of shape {shape}")
    return view
