"""The Jacobian of a function that works entry by entry."""

from __future__ import annotations

import math
from typing import ClassVar, TypeGuard

import numpy as np

from bpframe.core.operators.base import Operator, Shape, add_over
from bpframe.forms.matrix_form import Rows
from bpframe.validation.plain_arrays import Array

__all__ = ["Diagonal", "as_numbers"]


class Diagonal(Operator):
    """Multiply entry by entry.

        J v = d ⊙ v,    Jᵀ u = d ⊙ u

    Shapes: d (N, *features), with 1 in place of N or of any feature axis where it is the same along it; inputs and
    outputs are *features, which neighbours or `bind` tell where d has an axis of length 1. Cost: one multiply-add per
    feature. Diagonals compose and add to diagonals.

    Errors: `check` refuses a d of another number of axes, or of another length than 1 and the feature's. `root`
    refuses a d with negative or complex entries.

    Source: the ⊙ σ'(z) of BP1 and BP2.
    """

    __slots__ = ("d",)

    structure = "diagonal"
    _arrays: ClassVar = {"d": 1}

    def __init__(self, d: Array) -> None:
        self.d = d

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: d ⊙ v."""
        return np.multiply(v, self.d, out=out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: d ⊙ u, the ⊙ σ'(z) of BP1 and BP2."""
        return np.multiply(u, self.d, out=out)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent: (*S, *features) -> (*S, batch, *features)."""
        axis = v.ndim - self.d.ndim + 1
        pushed: Array = np.multiply(np.expand_dims(v, axis), self.d)
        if pushed.shape[axis] == batch:
            return pushed
        return np.broadcast_to(pushed, (*v.shape[:axis], batch, *v.shape[axis:]))

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over the examples: Σ_n d_n ⊙ u_n."""
        return add_over(np.multiply(u, self.d), u.ndim - self.d.ndim, out)

    def root(self) -> Diagonal:
        """Return the diagonal of √d.

        An integer d has no precision of its own; its root is float64.

        Errors: OperatorError where an entry of d is negative or complex.
        """
        d = self.d
        if d.dtype.kind == "c":
            self._refuse("has no real root", "real entries, none negative", f"entries of dtype {d.dtype}")
        if (d < 0).any():
            self._refuse("has no real root", "no negative entry", f"a smallest entry of {float(d.min())}")
        rooted = Diagonal(np.sqrt(d, dtype=d.dtype if d.dtype.kind == "f" else np.float64))
        return rooted._with_shapes(*self._known_shapes())

    @property
    def cost(self) -> int:
        """One multiply-add per feature."""
        return math.prod(self.in_shape)

    def _rows(self, kind: Array) -> Rows:
        size, rows = self.cost, len(self.d)
        values = np.broadcast_to(self.d, (rows, *self.in_shape)).reshape(rows, size, 1)
        return values, np.arange(size, like=kind)[None, :, None]

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        features: Shape | None = self.d.shape[1:]
        if 1 in self.d.shape[1:]:  # which may stand for any length
            features = in_shape if out_shape is None else out_shape
        return (features if in_shape is None else in_shape, features if out_shape is None else out_shape)

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        return self.d.shape[1:], self.d.shape[1:]

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        features = self.d.shape[1:]
        fits = len(features) == len(in_shape) and all(
            size in (1, full) for size, full in zip(features, in_shape, strict=True)
        )
        if in_shape != out_shape or not fits:
            self._refuse_array("d", f"{in_shape}), or 1 in places, for {in_shape} -> {out_shape}, both the same")

    def _after(self, other: Operator) -> Operator | None:
        return Diagonal(np.multiply(self.d, other.d)) if self._is_like(other) else None

    def _plus(self, other: Operator) -> Operator | None:
        return Diagonal(np.add(as_numbers(self.d), as_numbers(other.d))) if self._is_like(other) else None

    def _is_like(self, other: Operator) -> TypeGuard[Diagonal]:
        """Whether the other is a diagonal over as many axes, so that NumPy lines them up as they are meant."""
        return isinstance(other, Diagonal) and self.d.ndim == other.d.ndim


def as_numbers(d: Array) -> Array:
    """Return booleans as small integers.

    NumPy's sum of two booleans is their `or`, where x > 0 added to itself is 2; and int16, unlike int64, leaves
    float32 as it is.
    """
    return d.astype(np.int16) if d.dtype.kind == "b" else d
