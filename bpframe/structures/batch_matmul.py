"""The Jacobian of a product of two matrices per example, in one of them: attention, bilinear layers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np

from bpframe.core.operators.base import Operator, Shape, add_over
from bpframe.errors import OperatorError
from bpframe.forms.kronecker_form import KroneckerForm
from bpframe.forms.matrix_form import Rows
from bpframe.forms.pulled_vectors import PulledVectors
from bpframe.validation.plain_arrays import Array

__all__ = ["BatchMatMul"]


class BatchMatMul(Operator):
    """Multiply the matrix of the last two feature axes by one matrix per example, which stands on the side named.

        side="left":     J V = m V,    Jᵀ U = mᵀ U        side="left", transpose=True:     J V = m Vᵀ,    Jᵀ U = Uᵀ m
        side="right":    J V = V m,    Jᵀ U = U mᵀ        side="right", transpose=True:    J V = Vᵀ m,    Jᵀ U = m Uᵀ

    For y = a b it is `BatchMatMul(b, side="right")` in a and `BatchMatMul(a, side="left")` in b; for y = q kᵀ it is
    `BatchMatMul(q, side="left", transpose=True)` in k.

    Shapes: m (N, *lead, rows, columns), with 1 in place of N or of lead axes where it is the same along them; inputs
    and outputs (*lead, ·, ·), with lead the heads of attention, say. Cost: lead·p·q·r multiply-adds for a product of
    (p, q) by (q, r).

    Errors: OperatorError for a side that is neither. `check` refuses an m that does not fit the shapes.

    Source: Giles, Collected Matrix Derivative Results (2008), section 2.2.2; `side` as in BLAS.
    """

    __slots__ = ("m", "side", "transpose")

    structure = "batch matmul"
    _arrays: ClassVar = {"m": 3}

    def __init__(self, m: Array, side: Literal["left", "right"], transpose: bool = False) -> None:
        if side not in ("left", "right"):
            raise OperatorError(
                "operator 'batch matmul' needs the side that its matrix stands on",
                expected="side='left' for m V, side='right' for V m",
                received=f"side={side!r}",
            )
        self.m = m
        self.side = side
        self.transpose = transpose

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: m V or V m, for every example and every entry of lead."""
        v = v.swapaxes(-1, -2) if self.transpose else v
        return np.matmul(self.m, v, out=out) if self.side == "left" else np.matmul(v, self.m, out=out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: mᵀ U or U mᵀ, transposed where the argument was."""
        return self._back(u, self.m, out)

    def shared_jvp(self, v: Array, batch: int) -> Array:
        """Push a shared tangent through all matrices, without a copy per example."""
        axis = v.ndim - len(self.in_shape)
        pushed = self.jvp(np.expand_dims(v, axis))
        if pushed.shape[axis] == batch:
            return pushed
        return np.broadcast_to(pushed, (*v.shape[:axis], batch, *pushed.shape[axis + 1 :]))

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over the examples inside the product: they lengthen the axis that it adds over."""
        axis = u.ndim - self.m.ndim
        if len(self.m) == 1:
            return self._back(add_over(u, axis, None), self.m[0], out)
        # The product adds over the rows of u and m where m stands on the left, over the columns on the right.
        place = -2 if self.side == "left" else -1
        return self._back(_lengthened(u, axis, place), _lengthened(self.m, 0, place), out)

    def kronecker_form(self, u: Array) -> PulledVectors:
        """Keep the errors and the matrix, one pair for every row or column that is added over, where it goes this way.

        m Vᵀ pulls back to Σ_l u_l m_lᵀ over rows l, V m over columns. Otherwise, and with lead axes, by default.
        """
        if self.m.ndim > 3 or (self.side == "left") != self.transpose:
            return super().kronecker_form(u)
        left, right = (u, self.m) if self.transpose else (u.swapaxes(-1, -2), self.m.swapaxes(-1, -2))
        return KroneckerForm(left, np.broadcast_to(right, (u.shape[-3], *right.shape[1:])), self.in_shape)

    def pulled_moments(self, moments: Array) -> Iterator[tuple[None, Array]]:
        """Add over the rows that a matrix on the left mixes: e = m_ts u_t of m V, and e = u_ts m_t of m Vᵀ."""
        if self.side == "right" or self.m.ndim > 3:
            return
        if self.transpose:
            weights = np.einsum("ntkk->nt", moments)
            rows = np.multiply(self.m, np.sqrt(weights)[..., None]).reshape(-1, self.m.shape[-1])
            yield None, np.matmul(rows.T, rows)[None]
        else:
            weights = np.broadcast_to(np.square(self.m).sum(axis=-1), moments.shape[:2])
            yield None, np.tensordot(weights, moments, 2)[None]

    @property
    def cost(self) -> int:
        """lead·p·q·r multiply-adds: as many for each output as it adds over."""
        return math.prod(self.out_shape) * int(self.m.shape[-1 if self.side == "left" else -2])

    def _back(self, u: Array, m: Array, out: Array | None) -> Array:
        """Pull u back through a matrix in the place of m."""
        if self.transpose:
            u = u.swapaxes(-1, -2)
        else:
            m = m.swapaxes(-1, -2)
        return np.matmul(m, u, out=out) if self._left_back() else np.matmul(u, m, out=out)

    def _left_back(self) -> bool:
        """Whether m stands on the left of what is pulled back."""
        return (self.side == "left") != self.transpose

    def _rows(self, kind: Array) -> Rows:
        (*lead, p, r), places, outputs = self.out_shape, math.prod(self.out_shape[:-2]), math.prod(self.out_shape)
        left = self.side == "left"
        q, examples = self.m.shape[-1 if left else -2], len(self.m)
        # Output (i, j) reads V[k, j] times m[i, k], or V[i, k] times m[k, j].
        factors = self.m[..., :, None, :] if left else self.m.swapaxes(-1, -2)[..., None, :, :]
        values = np.broadcast_to(factors, (examples, *lead, p, r, q)).reshape(examples, outputs, q)
        size = math.prod(self.in_shape[-2:])
        read = np.arange(size, like=kind).reshape(self.in_shape[-2:])
        read = read.swapaxes(0, 1) if self.transpose else read
        read = read.swapaxes(0, 1)[None, :, :] if left else read[:, None, :]
        starts = (np.arange(places, like=kind) * size)[:, None, None, None]
        return values, np.broadcast_to(starts + read, (places, p, r, q)).reshape(1, outputs, q)

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        rows, columns = self.m.shape[-2:]
        if out_shape is None and in_shape is not None and len(in_shape) > 1:
            *lead, p, r = self._turned(in_shape)
            out_shape = (*lead, rows, r) if self.side == "left" else (*lead, p, columns)
        elif in_shape is None and out_shape is not None and len(out_shape) > 1:
            *lead, p, r = out_shape
            in_shape = self._turned((*lead, columns, r) if self.side == "left" else (*lead, p, rows))
        return in_shape, out_shape

    def _turned(self, shape: Shape) -> Shape:
        return (*shape[:-2], shape[-1], shape[-2]) if self.transpose else shape

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        shape = self.m.shape[1:]
        *lead, p, r = out_shape if len(out_shape) > 1 else (0, 0)
        fits = (
            len(shape) == len(out_shape) == len(in_shape) > 1
            and self._infer(None, out_shape)[0] == in_shape
            and shape[-2 if self.side == "left" else -1] == (p if self.side == "left" else r)
            and all(size in (1, full) for size, full in zip(shape[:-2], lead, strict=True))
        )
        if not fits:
            given = "Vᵀ" if self.transpose else "V"
            product = f"m {given}" if self.side == "left" else f"{given} m"
            self._refuse_array("m", f"lead, ·, ·), or 1 in places, with V {in_shape} and {product} {out_shape}")


def _lengthened(array: Array, examples: int, place: int) -> Array:
    """Join the axis of the examples with another one: (*S, N, *lead, p, r) -> (*S, *lead, N·p, r) for place −2."""
    moved = np.moveaxis(array, examples, place - 1)
    at = moved.ndim + place
    return moved.reshape(*moved.shape[: at - 1], moved.shape[at - 1] * moved.shape[at], *moved.shape[at + 1 :])
