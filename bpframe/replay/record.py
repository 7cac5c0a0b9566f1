"""What a pass did, without the arrays that it did it with; two records that say the same hold for every batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.replay.tape import Op, Place, Root, Segment

__all__ = ["Record", "differing"]


@dataclass(frozen=True, slots=True)
class Record:
    """The calls of a pass.

    `given` are the inputs and targets by slot, `values` those of nodes, `kept` what is read when the pass is over: the
    outputs where they are wanted, and else the summed cost, `total`.
    """

    segments: list[Segment]
    given: dict[int, Root]
    values: dict[int, Place]
    kept: tuple[Place, ...]
    total: Place | None


def differing(one: Sequence[Segment], other: Sequence[Segment]) -> list[Segment]:
    """Return the segments of a record whose counterparts in another one do something else."""
    if len(one) != len(other):
        return list(other)
    return [second for first, second in zip(one, other, strict=True) if not _same_segment(first, second)]


def _same_segment(one: Segment, other: Segment) -> bool:
    if one.label != other.label or (one.direct is None) != (other.direct is None) or len(one.ops) != len(other.ops):
        return False
    return _same(one.touched, other.touched) and all(map(_same_op, one.ops, other.ops))


def _same_op(one: Op, other: Op) -> bool:
    return (
        one.function == other.function
        and one.errors == other.errors
        and list(one.keywords) == list(other.keywords)
        and _same(one.operands, other.operands)
        and _same(tuple(one.keywords.values()), tuple(other.keywords.values()))
    )


def _same(one: Any, other: Any) -> bool:
    """Compare operands: places by where they lie in which piece, arrays by their bytes."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, Place):
        return bool(one.root.key == other.root.key and one[1:] == other[1:])
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, np.ndarray | np.generic):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if isinstance(one, float):
        return np.float64(one).tobytes() == np.float64(other).tobytes()
    return bool(one == other)
