"""The Jacobian of axes in another order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bpframe.core.operators.base import Operator, Shape
from bpframe.errors import OperatorError
from bpframe.forms.matrix_form import Rows
from bpframe.validation.plain_arrays import Array

__all__ = ["Permute"]


class Permute(Operator):
    """Put the feature axes into another order.

        y = x transposed: axis k of the output is axis axes[k] of the input

    Shapes: inputs in_shape, outputs (in_shape[axes[0]], in_shape[axes[1]], ...). jvp and vjp return views. Cost: 0.
    Permutations compose to permutations.

    Errors: OperatorError for axes that are no order of 0, 1, ... and where shapes are needed and nobody has bound them.
    """

    __slots__ = ("axes",)

    structure = "permute"
    cost = 0
    _ignores_examples = True

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = tuple(axes)
        if sorted(self.axes) != list(range(len(self.axes))):
            raise OperatorError(
                "operator 'permute' has axes that are no order",
                expected="each of 0, 1, ... once, such as (1, 0)",
                received=f"axes={axes!r}",
            )

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Permute: (*S, N, *in_shape) -> (*S, N, *out_shape)."""
        return _permuted(v, self.axes)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Permute back: (*S, N, *out_shape) -> (*S, N, *in_shape)."""
        return _permuted(u, self._back())

    def _back(self) -> Shape:
        """The order that undoes this one."""
        return tuple(self.axes.index(axis) for axis in range(len(self.axes)))

    def _rows(self, kind: Array) -> Rows:
        size = math.prod(self.in_shape)
        read = np.arange(size, like=kind).reshape(self.in_shape).transpose(self.axes)
        return np.ones_like(kind, shape=(1, size, 1), dtype=np.int8), read.reshape(1, size, 1)

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        if out_shape is None and in_shape is not None and len(in_shape) == len(self.axes):
            out_shape = tuple(in_shape[axis] for axis in self.axes)
        elif in_shape is None and out_shape is not None and len(out_shape) == len(self.axes):
            in_shape = tuple(out_shape[axis] for axis in self._back())
        return in_shape, out_shape

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        if len(in_shape) != len(self.axes) or self._infer(in_shape, None)[1] != out_shape:
            self._refuse(
                "does not fit its shapes",
                f"{len(self.axes)} axes, those of the inputs in the order {self.axes}",
                f"inputs of shape {in_shape}, outputs of shape {out_shape}",
            )

    def _after(self, other: Operator) -> Operator | None:
        if isinstance(other, Permute) and len(other.axes) == len(self.axes):
            return Permute([other.axes[axis] for axis in self.axes])
        return None


def _permuted(array: Array, axes: Shape) -> Array:
    """Permute the last axes."""
    first = array.ndim - len(axes)
    return array.transpose(*range(first), *(first + axis for axis in axes))
