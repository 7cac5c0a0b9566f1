"""The Jacobian of a function that mixes parts of the last axis entry by entry: gates, gated units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TypeAlias, TypeGuard

import numpy as np

from bpframe.core.operators.base import Operator, Shape
from bpframe.core.operators.diagonal import Diagonal
from bpframe.errors import OperatorError
from bpframe.forms.matrix_form import Rows
from bpframe.validation.plain_arrays import Array

__all__ = ["DiagonalBlocks"]

_Row: TypeAlias = tuple[Array | None, ...]


class DiagonalBlocks(Operator):
    """Multiply by a matrix of diagonals: the last axis is cut into blocks of equal width, which mix entry by entry.

        (J v)_i = Σ_j d_ij ⊙ v_j,    (Jᵀ u)_j = Σ_i d_ij ⊙ u_i

    `blocks` are rows of arrays, `[[d_11, d_12], [d_21, None]]`, with None where a block is zero. A cell that four gates
    move is `DiagonalBlocks([[d_i, d_f, d_g, None]])` in what they are computed from, a gated linear unit a ⊙ σ(b) is
    `DiagonalBlocks([[gate, a * slope]])` in (a, b).

    Shapes: d_ij (N, *lead, width), with 1 in place of N or of lead axes where it is the same along them; for I rows of
    J blocks inputs are (*lead, J·width), outputs (*lead, I·width). Cost: lead·width multiply-adds for each block that
    is not None. With a diagonal before or after it, it composes to its like.

    Errors: OperatorError for rows of different lengths, and where there is no array at all. `check` refuses arrays of
    other shapes.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), whose gates it was made for.
    """

    __slots__ = ("blocks",)

    structure = "diagonal blocks"
    blocks: tuple[_Row, ...]

    def __init__(self, blocks: Sequence[Sequence[Array | None]]) -> None:
        self.blocks = tuple(map(tuple, blocks))
        lengths = [len(row) for row in self.blocks]
        if len(set(lengths)) != 1 or next(self._held(), None) is None:
            raise OperatorError(
                "operator 'diagonal blocks' needs rows of equal length, with an array among them",
                expected="[[d_11, d_12, ...], [d_21, d_22, ...], ...], None where a block is zero",
                received=f"rows of {', '.join(map(str, lengths)) or 'no'} blocks, {len(list(self._held()))} not None",
            )

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: (*S, N, *lead, J·width) -> (*S, N, *lead, I·width)."""
        return self._mixed(self.blocks, v, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: (*S, N, *lead, I·width) -> (*S, N, *lead, J·width)."""
        return self._mixed(tuple(zip(*self.blocks, strict=True)), u, out)

    @property
    def batch(self) -> int | None:
        """The number of examples that the blocks hold."""
        return next((len(d) for d in self._held() if len(d) != 1), None)

    @property
    def cost(self) -> int:
        """One multiply-add for each entry of a block that is not None."""
        return math.prod(self.in_shape[:-1]) * self._width * len(list(self._held()))

    def check(self, batch: int) -> None:
        """Refuse blocks that hold another batch, or do not fit the shapes."""
        for d in self._held():
            self._check_array(d, "block", 2)
            if len(d) not in (1, batch):
                self._refuse("does not hold this batch", f"{batch} examples", f"{len(d)} examples in a block")
        self._check_shapes(self.in_shape, self.out_shape)

    def _held(self) -> Iterator[Array]:
        return (d for row in self.blocks for d in row if d is not None)

    def _array(self) -> Array | None:
        return next((d for d in self._held() if d.dtype.kind in "fc"), None)

    @property
    def _width(self) -> int:
        return int(next(self._held()).shape[-1])

    @property
    def _ignores_examples(self) -> bool:
        return self.batch is None

    def _mixed(self, rows: tuple[_Row, ...], x: Array, out: Array | None) -> Array:
        parts = _cut(x, len(rows[0]), self._width)
        mixed = []
        for row in rows:
            products = [np.multiply(part, d) for d, part in zip(row, parts, strict=True) if d is not None]
            mixed.append(reduce(np.add, products) if products else np.zeros_like(parts[0]))
        return np.concatenate(mixed, axis=-1, out=out)

    def _rows(self, kind: Array) -> Rows:
        # Output (place, i, k) reads input (place, j, k) for every j.
        lead, width, examples = self.in_shape[:-1], self._width, 1 if self.batch is None else self.batch
        places, down, across = math.prod(lead), len(self.blocks), len(self.blocks[0])
        full = np.zeros_like(next(self._held()), shape=(examples, *lead, down, width, across), dtype=self._dtype())
        for i, row in enumerate(self.blocks):
            for j, d in enumerate(row):
                if d is not None:
                    full[..., i, :, j] = d
        columns = np.arange(places * across * width, like=kind).reshape(places, 1, across, width).swapaxes(-1, -2)
        outputs = places * down * width
        read = np.broadcast_to(columns, (places, down, width, across)).reshape(1, outputs, across)
        return full.reshape(examples, outputs, across), read

    def _dtype(self) -> np.dtype[np.generic]:
        return np.result_type(*(d.dtype for d in self._held()))

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        stated = in_shape or out_shape
        lead = stated[:-1] if stated else self._lead()
        if not stated and lead is not None and 1 in lead:  # which may stand for any length
            lead = None
        found_in, found_out = self._shapes_after(lead)
        return (found_in if in_shape is None else in_shape, found_out if out_shape is None else out_shape)

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        return self._shapes_after(self._lead())

    def _lead(self) -> Shape | None:
        """The lead axes that all blocks have together; None where they do not fit one another."""
        leads = {d.shape[1:-1] for d in self._held()}
        if len(leads) == 1:  # as nearly always, and every pass asks
            return leads.pop()
        try:
            return np.broadcast_shapes(*leads)
        except ValueError:
            return None

    def _shapes_after(self, lead: Shape | None) -> tuple[Shape | None, Shape | None]:
        if lead is None:
            return None, None
        return (*lead, len(self.blocks[0]) * self._width), (*lead, len(self.blocks) * self._width)

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        width, lead = self._width, in_shape[:-1]
        if not in_shape or (in_shape, out_shape) != self._shapes_after(lead):
            self._refuse(
                "does not fit its shapes",
                f"(*lead, {len(self.blocks[0])}·{width}) -> (*lead, {len(self.blocks)}·{width})",
                f"{in_shape} -> {out_shape}",
            )
        for d in self._held():
            own = d.shape[1:-1]
            fits = len(own) == len(lead) and all(size in (1, full) for size, full in zip(own, lead, strict=True))
            if not fits or d.shape[-1] != width:
                self._refuse(
                    "has a block that does not fit its shapes",
                    f"blocks of shape (N, {', '.join(map(str, (*lead, width)))}), or 1 in place of N or of lead axes",
                    f"a block of shape {d.shape}",
                )

    def _after(self, other: Operator) -> Operator | None:
        if not self._takes(other, len(self.blocks[0])):
            return None
        parts = _cut(other.d, len(self.blocks[0]), self._width)
        return DiagonalBlocks([[_product(d, part) for d, part in zip(row, parts, strict=True)] for row in self.blocks])

    def _before(self, other: Operator) -> Operator | None:
        if not self._takes(other, len(self.blocks)):
            return None
        parts = _cut(other.d, len(self.blocks), self._width)
        return DiagonalBlocks([[_product(d, part) for d in row] for row, part in zip(self.blocks, parts, strict=True)])

    def _takes(self, other: Operator, count: int) -> TypeGuard[Diagonal]:
        """Whether the other is a diagonal that can be cut as the blocks are."""
        if not isinstance(other, Diagonal) or other.d.shape[-1] != count * self._width:
            return False
        return all(d.ndim == other.d.ndim for d in self._held())


def _cut(x: Array, count: int, width: int) -> list[Array]:
    """The blocks of the last axis, as views."""
    return [x[..., place * width : (place + 1) * width] for place in range(count)]


def _product(d: Array | None, part: Array) -> Array | None:
    return None if d is None else np.multiply(d, part)
