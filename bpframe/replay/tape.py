"""The record of NumPy calls on known memory: what a pass did, to be done again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bpframe.validation.plain_arrays import Array

__all__ = ["NotRecordable", "Op", "Place", "Root", "Segment", "Tape", "recording_wanted"]


def recording_wanted() -> bool:
    """Return whether calls may be recorded: BPFRAME_RECORD=off has every component called in every step."""
    return os.environ.get("BPFRAME_RECORD") != "off"


class NotRecordable(Exception):
    """What a component did cannot be done again from a record of its NumPy calls alone."""


@dataclass(eq=False, slots=True)
class Root:
    """One piece of memory, by the segment that made it and its number there: the same in every recording.

    `start` is where it lay while it was recorded. `pinned` is the array itself where it outlives a pass.
    """

    key: tuple[str, int]
    nbytes: int
    start: int
    pinned: Array | None = None


class Place(NamedTuple):
    """An array as a view of a piece of memory."""

    root: Root
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(eq=False, slots=True)
class Op:
    """One call of a NumPy function. Arrays of the pass stand as places, all else as it was given."""

    function: Callable[..., Any]
    operands: tuple[Any, ...]
    keywords: Mapping[str, Any]
    errors: Mapping[str, str] | None  # NumPy's errstate, where it is not that of the caller

    def places(self) -> Iterator[Place]:
        """Yield every array of the pass that the call reads or writes."""
        for each in (*self.operands, *self.keywords.values()):
            yield from _places_in(each)


#: Makes the call of a node that is not recorded from what turns places into arrays.
Direct: TypeAlias = Callable[[Callable[[Place], Array]], Callable[[], object]]


@dataclass(eq=False, slots=True)
class Segment:
    """What one node does in one direction: recorded calls, or the node's own methods (`direct`) and what they touch."""

    name: str  # of the node, or of the output that has a cost
    phase: str  # forward, backward
    ops: list[Op] = field(default_factory=list)
    direct: Direct | None = None
    touched: tuple[Place, ...] = ()
    left: list[tuple[Place, Array]] = field(default_factory=list)  # what a direct call wrote in the recorded pass
    roots: int = 0

    @property
    def label(self) -> str:
        """What the roots that it makes are keyed by."""
        return f"{self.name} {self.phase}"


class Tape:
    """Collects the calls of a pass, segment by segment."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.refused: str | None = None
        self.closed = False
        self.most: int | None = None
        self._outer_errors = np.geterr()

    def begin(self, name: str, phase: str) -> Segment:
        """Begin a segment; what is recorded from now on belongs to it."""
        self.refused = None
        self.segments.append(Segment(name, phase))
        return self.segments[-1]

    def begin_again(self) -> Segment:
        """Forget what the present segment recorded."""
        last = self.segments.pop()
        return self.begin(last.name, last.phase)

    def root(self, start: int, nbytes: int, pinned: Array | None = None) -> Root:
        """Return a new piece of memory, made by the present segment."""
        segment = self.segments[-1]
        segment.roots += 1
        return Root((segment.label, segment.roots), nbytes, start, pinned)

    def close(self) -> None:
        """End the recording: arrays that a component kept are plain arrays from now on."""
        self.closed = True

    def add(self, function: Callable[..., Any], *operands: Any, **keywords: Any) -> None:
        """Record a call that was made.

        Errors: NotRecordable where the segment holds as many as it may, `most`.
        """
        if len(self.segments[-1].ops) == self.most:
            raise self.refuse(f"it makes more than {self.most} calls: to record them takes longer than they save")
        errors: Any = np.geterr()
        self.segments[-1].ops.append(Op(function, operands, keywords, None if errors == self._outer_errors else errors))

    def refuse(self, why: str) -> NotRecordable:
        """Note that the segment cannot be recorded, even where the component catches the error that is returned."""
        self.refused = self.refused or why
        return NotRecordable(why)


def _places_in(value: Any) -> Iterator[Place]:
    if isinstance(value, Place):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _places_in(each)
