"""An array of a pass that is being recorded, with the piece of memory that it is a view of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from bpframe.replay.tape import Place, Root, Tape
from bpframe.validation.plain_arrays import Array

__all__ = ["Located", "replaced"]


class Located:
    """A real array and where it lies. `number` is the class for what NumPy returns as a number, which is no array."""

    __slots__ = ("array", "root", "tape")

    number: ClassVar[type[Located]]

    def __init__(self, array: Array, root: Root, tape: Tape) -> None:
        self.array = array
        self.root = root
        self.tape = tape

    @classmethod
    def of(cls, array: Array, tape: Tape, pinned: bool = False) -> Self:
        """Return an array with memory of its own; `pinned` where it outlives the pass."""
        start, end = np.lib.array_utils.byte_bounds(array)
        return cls(array, tape.root(start, end - start, array if pinned else None), tape)

    @property
    def place(self) -> Place:
        """Where the array lies."""
        array = self.array
        offset = array.__array_interface__["data"][0] - self.root.start
        return Place(self.root, offset, array.shape, array.strides, array.dtype)

    def seen_as(self, view: Array) -> Any:
        """Return a view of the same memory."""
        return view if self.tape.closed else type(self)(view, self.root, self.tape)

    def sees(self, array: Array) -> bool:
        """Whether an array is a view of this one's memory, which no other array can have while this one lives."""
        if array.size == 0:
            return False
        start, end = np.lib.array_utils.byte_bounds(array)
        return self.root.start <= start and end <= self.root.start + self.root.nbytes


def replaced(value: Any, by: Callable[[Located], Any], others: Callable[[Any], Any] = lambda each: each) -> Any:
    """Put something else in place of every array of a pass, in tuples, lists and dictionaries too, and of `others`."""
    if isinstance(value, Located):
        return by(value)
    if type(value) in (tuple, list):
        return type(value)(replaced(each, by, others) for each in value)
    if isinstance(value, dict):
        return {name: replaced(each, by, others) for name, each in value.items()}
    return others(value)
