"""The Jacobian of a linear layer with respect to its weights."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.core.operators.base import Operator, Shape
from bpframe.forms.kronecker_form import KroneckerForm
from bpframe.forms.matrix_form import Rows
from bpframe.validation.plain_arrays import Array

__all__ = ["WeightTimes"]


class WeightTimes(Operator):
    """Apply a weight matrix to a given activation: the map W ↦ W a.

        J W = W a,    Jᵀ δ = δ aᵀ,    Σ_n J_nᵀ δ_n = Σ_n δ_n a_nᵀ

    Shapes: a (N, *lead, n); inputs (m, n), outputs (*lead, m). Cost: lead·m·n multiply-adds.

    Errors: `check` refuses an a that does not fit the bound shapes.

    Source: BP4.
    """

    __slots__ = ("a",)

    structure = "weight times"
    _arrays: ClassVar = {"a": 2}

    def __init__(self, a: Array) -> None:
        self.a = a

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push a weight matrix per example: (*S, N, m, n) -> (*S, N, *lead, m)."""
        a = self.a
        if a.ndim == 2:
            column: Array = np.matmul(v, a[:, :, None], out=None if out is None else out[..., None])
            return column[..., 0]
        pushed: Array = np.matmul(_rows(a, 1), v.swapaxes(-1, -2))
        return pushed.reshape(*v.shape[:-2], *a.shape[1:-1], v.shape[-2])

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back per example, δ_n a_nᵀ summed over lead: (*S, N, *lead, m) -> (*S, N, m, n)."""
        a = self.a
        if a.ndim == 2:
            return np.multiply(u[..., None], a[:, None, :], out=out)
        return np.matmul(_rows(u, u.ndim - a.ndim + 1).swapaxes(-1, -2), _rows(a, 1), out=out)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push one weight matrix for all examples, a Wᵀ: (*S, m, n) -> (*S, N, *lead, m)."""
        a = self.a
        pushed: Array = np.matmul(_rows(a, 0), v.swapaxes(-1, -2))
        return pushed.reshape(*v.shape[:-2], *a.shape[:-1], v.shape[-2])

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over examples and lead as one product, δᵀ a: (*S, N, *lead, m) -> (*S, m, n) (BP4)."""
        a = self.a
        if u.ndim == 2:
            return np.matmul(u.T, a, out=out)
        return np.matmul(_rows(u, u.ndim - a.ndim).swapaxes(-1, -2), _rows(a, 0), out=out)

    def kronecker_form(self, u: Array) -> KroneckerForm:
        """Keep the errors and the activations, one pair for each entry of lead: δ_l a_lᵀ."""
        a = self.a
        if a.ndim == 2:
            return KroneckerForm(u[..., None, :], a[:, None, :], self.in_shape)
        return KroneckerForm(_rows(u, u.ndim - a.ndim + 1), _rows(a, 1), self.in_shape)

    @property
    def batch(self) -> int | None:
        """The number of examples."""
        count: int = self.a.shape[0]
        return count

    @property
    def cost(self) -> int:
        """lead·m·n multiply-adds."""
        columns: int = self.a.shape[-1]
        return math.prod(self.out_shape) * columns

    def dense(self, like: Array | None = None) -> Array:
        """Write a out once for every row of W: (N, *lead, m, m, n), zero where the rows differ."""
        a, rows = _rows(self.a, 1), self.out_shape[-1]
        batch, lead, columns = a.shape
        found = np.zeros_like(a, shape=(batch, lead, rows, rows, columns))
        found[:, :, range(rows), range(rows)] = a[:, :, None, :]
        return found.reshape(batch, *self.out_shape, *self.in_shape)

    def _rows(self, kind: Array) -> Rows:
        a, rows = _rows(self.a, 1), self.out_shape[-1]
        batch, lead, columns = a.shape
        values = np.broadcast_to(a[:, :, None], (batch, lead, rows, columns)).reshape(batch, lead * rows, columns)
        starts = np.broadcast_to(np.arange(rows, like=kind) * columns, (lead, rows)).reshape(1, lead * rows, 1)
        return values, starts + np.arange(columns, like=kind)

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        if in_shape is None and out_shape is not None:
            in_shape = (*out_shape[-1:], self.a.shape[-1])
        elif out_shape is None and in_shape is not None:
            out_shape = (*self.a.shape[1:-1], *in_shape[:1])
        return in_shape, out_shape

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        fits = len(in_shape) == 2 and (*self.a.shape[1:-1], in_shape[0]) == out_shape
        if not fits or self.a.shape[-1] != in_shape[1]:
            self._refuse_array("a", f"lead, n) for (m, n) -> (*lead, m), here {in_shape} -> {out_shape}")


def _rows(array: Array, kept: int) -> Array:
    """Join all axes between the first `kept` and the last one."""
    return array.reshape(*array.shape[:kept], math.prod(array.shape[kept:-1]), array.shape[-1])
