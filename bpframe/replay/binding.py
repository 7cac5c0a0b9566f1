"""From a record to calls without arguments: every array at its place in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from bpframe.replay.buffers import ALIGNMENT, Buffers, calls_of
from bpframe.replay.tape import Op, Place, Root, Segment
from bpframe.validation.plain_arrays import Array

__all__ = ["Binding"]

Thunk = Callable[[], object]

#: NumPy means to give a third argument of these another meaning.
_OUT_BY_NAME = frozenset({np.maximum, np.minimum})


class Binding:
    """The memory of one pass, and its calls on it in order.

    `pinned` gives arrays to use in place of some that outlived the recorded pass, by root.
    """

    def __init__(self, segments: Sequence[Segment], buffers: Buffers, pinned: Mapping[Root, Array]) -> None:
        block = np.empty(buffers.size + ALIGNMENT, np.uint8)
        start = -block.__array_interface__["data"][0] % ALIGNMENT
        self.block = block[start : start + buffers.size]
        self._offsets = buffers.offsets
        self._pinned = pinned
        self._arrays: dict[Place, Array] = {}
        self.calls: list[Thunk] = []
        self.segments: list[Segment] = []
        for segment, _, op in calls_of(segments):
            if op is not None:
                self.calls.append(self._call(op))
            elif segment.direct is not None:
                self.calls.append(segment.direct(self.array))
            self.segments.append(segment)

    def rehearsal(self) -> list[Thunk]:
        """Return the calls, those of direct ones replaced by what they left in the recorded pass, if anything."""
        calls: list[Thunk] = []
        for segment, call in zip(self.segments, self.calls, strict=True):
            if segment.direct is None or not segment.left:
                calls.append(call)
            else:
                calls += [partial(np.copyto, self.array(place), array) for place, array in segment.left]
        return calls

    def array(self, place: Place) -> Array:
        """Return the array at a place."""
        found = self._arrays.get(place)
        if found is None:
            root, offset, shape, strides, dtype = place
            memory: Any = self._pinned.get(root, root.pinned)
            if memory is None:
                offset += self._offsets.get(root, 0)  # what no call touches lies anywhere
                memory = self.block
            found = self._arrays[place] = np.ndarray(shape, dtype, memory, offset, strides)
        return found

    def _call(self, op: Op) -> Thunk:
        operands = self._real(op.operands)
        keywords = {name: self._real(value) for name, value in op.keywords.items()}
        if op.function in _OUT_BY_NAME and len(operands) == 3:
            *operands, keywords["out"] = operands
        call = partial(_cheapest(op.function, operands, keywords), *operands, **keywords)
        return call if op.errors is None else partial(_under, op.errors, call)

    def _real(self, value: Any) -> Any:
        if isinstance(value, Place):
            return self.array(value)
        if type(value) in (tuple, list):
            return type(value)(self._real(each) for each in value)
        return value


def _under(errors: Mapping[str, Any], call: Thunk) -> None:
    with np.errstate(**errors):
        call()


def _cheapest(function: Callable[..., Any], operands: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Return np.dot for the product of two matrices: the same BLAS call, in less time around it."""
    if function is np.matmul and not keywords and len(operands) == 3:
        a, b, out = operands
        matrices = all(each.ndim == 2 and min(each.shape) > 1 and each.flags.forc for each in operands)
        if matrices and a.dtype == b.dtype == out.dtype and out.flags.c_contiguous:
            return np.dot
    return function
