"""Where the arrays of a pass lie in one block of memory: pieces that are never needed at once share a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bpframe.replay.tape import Op, Place, Root, Segment

__all__ = ["Buffers", "Lifetime", "calls_of", "fit"]

#: Pieces begin at multiples of this many bytes: a cache line, and the widest vector register.
ALIGNMENT = 64


@dataclass(slots=True)
class Lifetime:
    """A piece of memory: who makes it, the first and the last call that touch it, and where it lies."""

    made_by: str
    nbytes: int
    first: int
    last: int
    offset: int = 0


@dataclass(frozen=True)
class Buffers:
    """Offsets of all pieces that live for a part of the pass, by first fit in the order of the calls.

    Where a call works entry by entry and an input is not read later, its output takes the input's place if both have
    one layout: NumPy reads each entry before it writes it.
    """

    size: int
    offsets: dict[Root, int]
    lifetimes: list[Lifetime]

    @classmethod
    def of(cls, segments: Sequence[Segment], kept: Sequence[Place] = ()) -> Buffers:
        """Plan the memory of a recorded pass, of which `kept` are read when it is over."""
        lives: dict[Root, Lifetime] = {}
        for number, (_, places, _) in enumerate(calls_of(segments)):
            for root in {place.root: None for place in places}:
                if root.pinned is None:
                    lives.setdefault(root, Lifetime(root.key[0], root.nbytes, number, number)).last = number
        for place in kept:
            if place.root in lives:
                lives[place.root].last = len(list(calls_of(segments)))
        _share(segments, lives)
        found = list({id(life): life for life in lives.values()}.values())
        size = fit(found)
        return cls(size, {root: life.offset for root, life in lives.items()}, found)


def calls_of(segments: Iterable[Segment]) -> Iterator[tuple[Segment, tuple[Place, ...], Op | None]]:
    """Yield every call of a pass with the arrays that it touches; a node that is not recorded is one call."""
    for segment in segments:
        if segment.direct is not None:
            yield segment, segment.touched, None
        for op in segment.ops:
            yield segment, tuple(op.places()), op


def _share(segments: Sequence[Segment], lives: dict[Root, Lifetime]) -> None:
    """Give outputs the lifetime, and so the place, of the inputs that they replace."""
    for number, (_, _, op) in enumerate(calls_of(segments)):
        if op is None or not isinstance(op.function, np.ufunc) or op.function.signature or op.keywords:
            continue
        if op.function.nout != 1 or not isinstance(out := op.operands[-1], Place):
            continue
        born = lives.get(out.root)
        if born is None or born.first != number or out.root.nbytes != _extent(out):
            continue
        for each in op.operands[: op.function.nin]:
            if isinstance(each, Place) and each.root is not out.root and _alike(each, out):
                life = lives.get(each.root)
                others = [place for place in op.places() if place.root in lives and lives[place.root] is life]
                if life is not None and life.last == number and all(_alike(other, out) for other in others):
                    life.last = born.last
                    lives[out.root] = life
                    break


def _alike(one: Place, other: Place) -> bool:
    """Whether two arrays have one layout in pieces of one size."""
    return one[1:] == other[1:] and one.root.nbytes == other.root.nbytes


def _extent(place: Place) -> int:
    """Return how many bytes an array without gaps takes."""
    return int(np.prod(place.shape)) * place.dtype.itemsize


def fit(lives: Sequence[Lifetime]) -> int:
    """Set every offset; return the size of the block."""
    held: list[Lifetime] = []
    size = 0
    for life in sorted(lives, key=lambda each: (each.first, -each.nbytes)):
        held = [each for each in held if each.last >= life.first]
        life.offset = _gap(held, _aligned(life.nbytes))
        held.append(life)
        held.sort(key=lambda each: each.offset)
        size = max(size, life.offset + _aligned(life.nbytes))
    return size


def _gap(held: Sequence[Lifetime], nbytes: int) -> int:
    """Return the offset of the smallest gap between pieces that takes another one, or their end."""
    best, end, smallest = None, 0, None
    for each in held:
        room = each.offset - end
        if room >= nbytes and (smallest is None or room < smallest):
            best, smallest = end, room
        end = max(end, each.offset + _aligned(each.nbytes))
    return end if best is None else best


def _aligned(nbytes: int) -> int:
    return max(-(-nbytes // ALIGNMENT), 1) * ALIGNMENT
