"""The Jacobian of cutting a part out of an array."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bpframe.core.operators.base import Operator, Shape
from bpframe.errors import OperatorError
from bpframe.forms.matrix_form import Rows
from bpframe.validation.plain_arrays import Array

__all__ = ["Restriction"]


class Restriction(Operator):
    """Keep a slice of each feature axis.

        y = x[:, slices[0], slices[1], ...],    Jᵀ u: u in its place, zero elsewhere

    `transposed(Restriction(...))` puts an input into its place of a larger output: concatenation, padding.

    Shapes: inputs in_shape, with an axis for each slice; outputs have as many entries along an axis as its slice takes.
    jvp returns a view. Cost: one move per output.

    Errors: OperatorError where shapes are needed and nobody has bound them. `check` refuses shapes that do not fit.

    Source: PyLops's `Restriction`.
    """

    __slots__ = ("slices",)

    structure = "restriction"
    _ignores_examples = True

    def __init__(self, slices: Sequence[slice]) -> None:
        self.slices = tuple(slices)
        if not all(isinstance(each, slice) and each.step != 0 for each in self.slices):
            raise OperatorError(
                "operator 'restriction' needs a slice for each feature axis",
                expected="slices with a step that is not 0, such as (slice(0, 2), slice(None))",
                received=f"slices={slices!r}",
            )

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Cut out: (*S, N, *in_shape) -> (*S, N, *out_shape)."""
        part: Array = v[self._index]
        return part

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Put into its place: (*S, N, *out_shape) -> (*S, N, *in_shape)."""
        in_shape = self.in_shape
        shape = (*u.shape[: u.ndim - len(self.slices)], *in_shape)
        if out is None or out.shape != shape:
            out = np.zeros_like(u, shape=shape)
        else:
            out[...] = 0
        out[self._index] = u
        return out

    @property
    def _index(self) -> Any:
        return (..., *self.slices)

    @property
    def cost(self) -> int:
        """One move per output."""
        return math.prod(self.out_shape)

    def _rows(self, kind: Array) -> Rows:
        read = np.arange(math.prod(self.in_shape), like=kind).reshape(self.in_shape)[self.slices].reshape(1, -1, 1)
        return np.ones_like(kind, shape=read.shape, dtype=np.int8), read

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        if out_shape is None and in_shape is not None and len(in_shape) == len(self.slices):
            out_shape = self._taken(in_shape)
        return in_shape, out_shape

    def _taken(self, in_shape: Shape) -> Shape:
        return tuple(len(range(*each.indices(size))) for each, size in zip(self.slices, in_shape, strict=True))

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if len(in_shape) != len(self.slices) or self._taken(in_shape) != out_shape:
            self._refuse(
                "does not fit its shapes",
                f"{len(self.slices)} axes, of which the slices {self.slices} take the outputs",
                f"inputs of shape {in_shape}, outputs of shape {out_shape}",
            )
