"""Where places are mixed: what is told of the columns that reached an operator, of all places at once."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np

from bpframe.core.backprop.rows import slices
from bpframe.core.operators import Diagonal, IdentityMap, Matrix, Operator
from bpframe.derivatives.points.memory import PORTION_BYTES
from bpframe.structures import DiagonalBlocks
from bpframe.validation.plain_arrays import Array

__all__ = ["CACHED_BYTES", "Mixed", "at_place"]

#: How many bytes the columns of one value take at once: they stay in a processor's cache.
CACHED_BYTES = 1 << 20


class Mixed:
    """An operator that mixes places, the first axes of its output, and the columns that reached it."""

    def __init__(self, operator: Operator, axes: int) -> None:
        self.operator = operator
        self.axes = axes
        self.reached: list[Array] = []

    def vectors(self, after: Sequence[Operator], last: Operator) -> Array:
        """Return Σ v vᵀ of what a parameter pulls back, (p, p), from the p columns of its Jacobian pushed forward.

        A column u that is zero but at one place t meets the Jacobian's rows P_t there alone: v = P_tᵀ u.
        """
        columns = np.concatenate(self.reached)
        some, batch = columns.shape[:2]
        shape = self.operator.out_shape
        places, features = math.prod(shape[: self.axes]), math.prod(shape[self.axes :])
        apart = columns.reshape(some, batch, places, features).transpose(1, 2, 0, 3)
        size = math.prod(last.in_shape)
        v = np.empty_like(columns, shape=(*apart.shape[:3], size))
        largest = max(math.prod(each.in_shape) for each in (self.operator, *after))
        for part in slices(size, max(1, CACHED_BYTES // max(1, batch * largest * columns.itemsize))):
            pushed = last.shared_jvp(np.eye(part.stop - part.start, size, part.start, columns.dtype), batch)
            for factor in (*reversed(after), self.operator):
                pushed = factor.jvp(pushed)
            rows = pushed.reshape(len(pushed), batch, places, features).transpose(1, 2, 3, 0)
            np.matmul(apart, rows, out=v[..., part])
        flat = v.reshape(math.prod(v.shape[:-1]), size)
        total: Array = flat.T @ flat
        return total

    def moments(self) -> Sequence[tuple[int | None, Array]]:
        """Return what the operator tells of Σ u uᵀ by place; nothing where that takes too much memory."""
        columns = np.concatenate(self.reached)
        flat = columns.reshape(*columns.shape[:3], math.prod(columns.shape[3:]))
        if flat[0].nbytes * flat.shape[-1] > PORTION_BYTES:
            return ()
        squares = np.matmul(flat.transpose(1, 2, 3, 0), flat.transpose(1, 2, 0, 3))
        found: list[tuple[int | None, Array]] = []
        total: Array | None = None
        for place, each in self.operator.pulled_moments(squares):
            if each.nbytes * max(1, flat.shape[2]) <= PORTION_BYTES:
                found.append((place, each))
            else:  # of all places together, where apart they take much memory
                added = each.sum(axis=0)[None]
                total = added if total is None else total + added
        return found if total is None else [*found, (None, total)]


def at_place(operator: Operator, place: int | None) -> Operator | None:
    """Return what an operator does at one place, or at any where that is None; None where this is not known."""
    found: Operator | None = None
    if len(operator.in_shape) != 2:
        return None
    if type(operator) is Matrix or type(operator) is IdentityMap:
        found = copy.copy(operator)
    elif type(operator) is Diagonal and _tells(operator.d, place):
        found = Diagonal(_entry(operator.d, place))
    elif type(operator) is DiagonalBlocks and all(_tells(d, place) for row in operator.blocks for d in row):
        found = DiagonalBlocks([[None if d is None else _entry(d, place) for d in row] for row in operator.blocks])
    return None if found is None else found.bind(operator.in_shape[1:], operator.out_shape[1:])


def _tells(array: Array | None, place: int | None) -> bool:
    """Whether an array tells its entries at a place: at any and of all examples, where the place is None."""
    return place is not None or array is None or array.shape[:2] == (1, 1)


def _entry(array: Array, place: int | None) -> Array:
    found: Array = array[:, 0 if place is None or array.shape[1] == 1 else place]
    return found
