"""The Jacobian that sends everything through one number: sums, means, the coupling of a softmax."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bpframe.core.operators.base import Operator, Shape
from bpframe.core.operators.diagonal import Diagonal
from bpframe.forms.sparse_form import block_diagonal
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["RankOne"]


class RankOne(Operator):
    """Multiply the last feature axis by a matrix of rank one.

        J v = l (rᵀ v),    Jᵀ u = r (lᵀ u)

    Shapes: l (N, *lead, m) and r (N, *lead, n), each with 1 in place of N or of lead axes where it is the same along
    them; inputs (*lead, n), outputs (*lead, m). Cost: (m + n) multiply-adds for each entry of lead. With a diagonal
    beside it, it composes to a rank one.

    Errors: `check` refuses l and r of other shapes.

    Source: the softmax's Jacobian, diag(y) − y yᵀ.
    """

    __slots__ = ("left", "right")

    structure = "rank one"

    def __init__(self, left: Array, right: Array) -> None:
        self.left = left
        self.right = right

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: l (rᵀ v) on the last axis."""
        return _through(v, self.right, self.left, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: r (lᵀ u) on the last axis."""
        return _through(u, self.left, self.right, out)

    @property
    def batch(self) -> int | None:
        """The number of examples, or None where l and r are shared."""
        return next((len(each) for each in (self.left, self.right) if len(each) != 1), None)

    @property
    def cost(self) -> int:
        """(m + n) multiply-adds for each entry of lead."""
        width: int = self.left.shape[-1] + self.right.shape[-1]
        return math.prod(self.out_shape[:-1]) * width

    @property
    def dense_cost(self) -> int:
        """One multiplication for each entry of l rᵀ, m·n for each entry of lead."""
        return math.prod(self.out_shape) * int(self.right.shape[-1])

    def dense(self, like: Array | None = None) -> Array:
        """Write l rᵀ out: (B, *lead, m, *lead, n), zero between different entries of lead."""
        in_shape, out_shape = self.in_shape, self.out_shape
        lead, blocks = math.prod(in_shape[:-1]), self._blocks()
        batch, rows, columns = blocks.shape[0] // max(lead, 1), out_shape[-1], in_shape[-1]
        found = np.zeros_like(blocks, shape=(batch, lead, rows, lead, columns))
        found[:, range(lead), :, range(lead)] = blocks.reshape(batch, lead, rows, columns).swapaxes(0, 1)
        return found.reshape(batch, *out_shape, *in_shape)

    def sparse(self, batch: int, dtype: npt.DTypeLike) -> csr_array:
        """Write l rᵀ out for every example and entry of lead."""
        lead, blocks = math.prod(self.in_shape[:-1]), self._blocks()
        if len(blocks) != batch * lead:
            blocks = np.broadcast_to(blocks, (batch, *blocks.shape)).reshape(batch * lead, *blocks.shape[1:])
        return block_diagonal(blocks, batch * lead, dtype)

    def check(self, batch: int) -> None:
        """Refuse l and r that are not (batch or 1, *lead, m) and (batch or 1, *lead, n)."""
        for name, array in (("left", self.left), ("right", self.right)):
            self._check_array(array, name, 2)
            if len(array) not in (1, batch):
                self._refuse("does not hold this batch", f"{batch} examples", f"{len(array)} examples in {name}")
        super().check(batch)

    def _blocks(self) -> Array:
        """(B·lead, m, n)."""
        blocks = np.multiply(self.left[..., None], self.right[..., None, :])
        full = (blocks.shape[0], *self.out_shape[:-1], *blocks.shape[-2:])
        return np.broadcast_to(blocks, full).reshape(math.prod(full[:-2]), *full[-2:])

    @property
    def _ignores_examples(self) -> bool:
        return self.batch is None

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        if in_shape is None and out_shape is not None:
            in_shape = (*out_shape[:-1], self.right.shape[-1])
        elif out_shape is None and in_shape is not None:
            out_shape = (*in_shape[:-1], self.left.shape[-1])
        return in_shape, out_shape

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        if self.left.ndim != self.right.ndim:
            return None, None
        lead = np.broadcast_shapes(self.left.shape[1:-1], self.right.shape[1:-1])
        return (*lead, self.right.shape[-1]), (*lead, self.left.shape[-1])

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        sides = (("left", self.left, out_shape), ("right", self.right, in_shape))
        if not in_shape or not out_shape or in_shape[:-1] != out_shape[:-1]:
            self._refuse("maps the last axis alone", "(*lead, n) -> (*lead, m)", f"{in_shape} -> {out_shape}")
        for name, array, shape in sides:
            held = array.shape[1:]
            lead = all(size in (1, full) for size, full in zip(held[:-1], shape[:-1], strict=False))
            if len(held) != len(shape) or held[-1] != shape[-1] or not lead:
                self._refuse(
                    f"has a {name} that does not fit its shapes",
                    f"{name} of shape (N, *{shape}), for {in_shape} -> {out_shape}",
                    f"{name} of shape {array.shape}",
                )

    def _array(self) -> Array | None:
        return next((each for each in (self.left, self.right) if each.dtype.kind in "fc"), None)

    def _after(self, other: Operator) -> Operator | None:
        return RankOne(self.left, np.multiply(self.right, other.d)) if isinstance(other, Diagonal) else None

    def _before(self, other: Operator) -> Operator | None:
        return RankOne(np.multiply(other.d, self.left), self.right) if isinstance(other, Diagonal) else None


def _through(x: Array, reading: Array, writing: Array, out: Array | None) -> Array:
    """Take the product with `reading` over the last axis, and write it along `writing`."""
    number: Array = np.multiply(reading, x).sum(axis=-1, keepdims=True)
    result: Array = np.multiply(number, writing, out=out)
    return result
