"""The transpose of an operator, as an operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from bpframe.core.operators import Composed, Diagonal, IdentityMap, Matrix, Reshape, Sum, add, compose
from bpframe.core.operators.base import Operator, Shape
from bpframe.structures.batch_matmul import BatchMatMul
from bpframe.structures.diagonal_blocks import DiagonalBlocks
from bpframe.structures.permute import Permute
from bpframe.structures.rank_one import RankOne
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Transposed", "transposed"]


def transposed(operator: Operator) -> Operator:
    """Return the transpose: its jvp is the operator's vjp, and the other way round.

        transposed(J) : u ↦ Jᵀ u,    transposed(A ∘ B) = Bᵀ ∘ Aᵀ,    transposed(A + B) = Aᵀ + Bᵀ

    Twice, it is the operator again. Structure is kept where a class of operators has the transpose: diagonals are their
    own, a matrix has wᵀ, a reshape leads back; chains and sums are taken apart. Everything else is a view,
    `Transposed`. The plain transpose, without conjugation.

    Shapes: inputs are the operator's outputs, outputs its inputs.

    Source: second order, H = Jᵀ H_y J + …, needs the way back as a factor of a chain.
    """
    if isinstance(operator, Transposed):
        return operator.operator
    structured = _STRUCTURED.get(type(operator))  # not of a subclass, which may multiply otherwise
    if structured is None:
        return Transposed(operator)
    in_shape, out_shape = operator._known_shapes()
    return structured(operator)._with_shapes(out_shape, in_shape)


class Transposed(Operator):
    """View an operator from its other side: `transposed` makes it.

        (Jᵀ) v = Jᵀ v,    (Jᵀ)ᵀ u = J u

    Shapes: inputs are the operator's outputs, outputs its inputs. Cost: the operator's. The transposes of two that
    compose to a structure compose to that structure's transpose: a gather after a gather, transposed.

    Errors: `check` refuses whatever the operator refuses.
    """

    __slots__ = ("operator",)

    def __init__(self, operator: Operator) -> None:
        self.operator = operator._with_shapes(*operator._known_shapes())

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: the operator's vjp."""
        return self.operator.vjp(v, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: the operator's jvp."""
        return self.operator.jvp(u, out)

    def dense(self, like: Array | None = None) -> Array:
        """Exchange the axes of the operator's dense form."""
        written = self.operator.dense(like)
        split = 1 + len(self.operator.out_shape)
        return np.transpose(written, (0, *range(split, written.ndim), *range(1, split)))

    def sparse(self, batch: int, dtype: npt.DTypeLike) -> csr_array:
        """Transpose the operator's sparse array."""
        return self.operator.sparse(batch, dtype).T.tocsr()

    @property
    def couples_batch(self) -> bool:  # type: ignore[override]  # a constant of the class elsewhere
        """Whether the operator couples the batch."""
        return self.operator.couples_batch

    @property
    def cost(self) -> int:
        """The operator's."""
        return self.operator._with_shapes(*self._inner_shapes()).cost

    @property
    def dense_cost(self) -> int | None:
        """The operator's."""
        return self.operator.dense_cost

    @property
    def structure(self) -> str:
        """The operator's, with a word before it."""
        return f"transposed {self.operator.structure}"

    def bind(self, in_shape: Shape, out_shape: Shape) -> Self:
        """Set the shapes, here and in the operator where it has none."""
        self.in_shape = in_shape
        self.out_shape = out_shape
        self.operator = self.operator._with_shapes(out_shape, in_shape)
        return self

    @property
    def _parts(self) -> tuple[Operator, ...]:
        return (self.operator,)

    @property
    def _ignores_examples(self) -> bool:
        return self.operator._ignores_examples

    def _inner_shapes(self) -> tuple[Shape | None, Shape | None]:
        in_shape, out_shape = self._known_shapes()
        return out_shape, in_shape

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        inner_in, inner_out = self.operator._known_shapes()
        inner_in, inner_out = self.operator._infer(
            out_shape if inner_in is None else inner_in, in_shape if inner_out is None else inner_out
        )
        return (inner_out if in_shape is None else in_shape, inner_in if out_shape is None else out_shape)

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        in_shape, out_shape = self.operator._assumed_shapes()
        return out_shape, in_shape

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        inner = self.operator.in_shape, self.operator.out_shape
        if inner != (out_shape, in_shape):
            self._refuse(
                "does not fit its shapes", f"{inner[1]} -> {inner[0]}, those of its operator from the other side",
                f"{in_shape} -> {out_shape}",
            )  # fmt: skip

    def _after(self, other: Operator) -> Operator | None:
        # Aᵀ ∘ B = (Bᵀ ∘ A)ᵀ, where Bᵀ is a class that joins A.
        inner = transposed(other)
        return None if isinstance(inner, Transposed) else _joined(inner, self.operator)

    def _before(self, other: Operator) -> Operator | None:
        inner = transposed(other)
        return None if isinstance(inner, Transposed) else _joined(self.operator, inner)


def _joined(outer: Operator, inner: Operator) -> Operator | None:
    """The transpose of outer ∘ inner, where that is one structure."""
    found = outer._after(inner)
    if found is None:
        found = inner._before(outer)
    return None if found is None else transposed(found)


def _of_product(operator: Any) -> Operator:
    # m V ↦ mᵀ U and V m ↦ U mᵀ; m Vᵀ ↦ Uᵀ m and Vᵀ m ↦ m Uᵀ.
    if not operator.transpose:
        return BatchMatMul(operator.m.swapaxes(-1, -2), operator.side)
    return BatchMatMul(operator.m, "right" if operator.side == "left" else "left", transpose=True)


#: The classes that hold their own transpose.
_STRUCTURED: dict[type[Operator], Callable[[Any], Operator]] = {
    IdentityMap: lambda operator: operator,
    Diagonal: lambda operator: operator,
    Reshape: lambda operator: Reshape(),
    Matrix: lambda operator: Matrix(operator.w.T),
    Permute: lambda operator: Permute(operator._back()),
    RankOne: lambda operator: RankOne(operator.right, operator.left),
    BatchMatMul: _of_product,
    DiagonalBlocks: lambda operator: DiagonalBlocks(list(zip(*operator.blocks, strict=True))),
    Composed: lambda operator: compose(*map(transposed, reversed(operator.factors))),
    Sum: lambda operator: add(*map(transposed, operator.terms)),
}
