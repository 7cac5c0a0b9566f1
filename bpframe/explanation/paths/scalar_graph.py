"""The numbers of a network at one example as the nodes of a graph, and their local derivatives as its edges."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from bpframe.core.graph.graph import Shape
from bpframe.errors import no_such
from bpframe.explanation.paths.names import derivative, entry_name
from bpframe.validation.plain_arrays import Array

__all__ = ["Edge", "ScalarGraph", "Scalars"]

#: Of what a group of numbers is: what is learned, what is not, what comes in, what a node computes, what is made small.
Kind: TypeAlias = Literal["parameter", "frozen", "input", "value", "cost"]

#: An edge: from an entry, to an entry, and the local derivative of the second by the first.
Edge: TypeAlias = tuple[int, int, float]


@dataclass(frozen=True)
class Scalars:
    """The entries of one array: a parameter's, an input's, a node's, or the cost alone.

    They are numbered from `start`. `letter` is the array's symbol, `w^2`, and None where it has none.
    """

    name: str
    kind: Kind
    shape: Shape
    start: int
    letter: str | None = None

    @property
    def stop(self) -> int:
        """The number after the last."""
        return self.start + math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class ScalarGraph:
    """A directed graph without cycles: a node for each number, an edge for each local derivative ∂v_t/∂v_s.

    Nodes are numbered such that every edge leads to a larger number; edges stand in the order of their targets. Two
    edges may join the same two nodes: of x · x there is one for each factor. An edge is there where a local Jacobian
    has an entry, also one that is 0 at this example; of an operator that knows no places, where it is not 0.
    """

    groups: tuple[Scalars, ...]
    sources: Array
    targets: Array
    numbers: Array

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return self.groups[-1].stop

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge as plain numbers, in the order of their targets."""
        return tuple(zip(self.sources.tolist(), self.targets.tolist(), self.numbers.tolist(), strict=True))

    @cached_property
    def found(self) -> dict[Any, Any]:
        """What was found out of the graph so far, by function and arguments: see `path_sums`."""
        return {}

    @cached_property
    def weights(self) -> range:
        """The entries of the parameters that are trained, which have the first numbers."""
        return range(max((group.stop for group in self.groups if group.kind == "parameter"), default=0))

    @cached_property
    def _starts(self) -> list[int]:
        return [group.start for group in self.groups]

    @cached_property
    def _by_name(self) -> dict[str, Scalars]:
        return {**self._by_letter, **{group.name: group for group in self.groups}}

    @cached_property
    def _by_letter(self) -> dict[str, Scalars]:
        return {group.letter: group for group in self.groups if group.letter is not None}

    def name(self, entry: int) -> str:
        """Return what an entry is called: `w^2_11`, or `dense_1.w[0,0]` where the array has no letter."""
        if entry not in self._names:
            group = self.group_of(entry)
            place, index = entry - group.start, []
            for length in reversed(group.shape):
                place, last = divmod(place, length)
                index.append(last)
            self._names[entry] = entry_name(group.name, group.letter, tuple(reversed(index)), group.shape)
        return self._names[entry]

    @cached_property
    def _names(self) -> dict[int, str]:
        return {}

    def symbol(self, edge: Edge) -> str:
        """Return an edge's local derivative in symbols: ∂a^4_1/∂a^3_2."""
        return derivative(self.name(edge[1]), self.name(edge[0]))

    def group_of(self, entry: int) -> Scalars:
        """Return the array that an entry belongs to; one without entries has none."""
        return self.groups[bisect_right(self._starts, entry) - 1]

    def entry(self, name: str) -> int:
        """Return the entry of this name: `dense_1.w[0,0]` with places from 0, or `w^2_11` with places from 1.

        Errors: KeyError for a name or a place that there is not, with what there is.
        """
        group, index = self._read(name)
        if len(index) != len(group.shape) or not all(
            0 <= place < length for place, length in zip(index, group.shape, strict=True)
        ):
            last = entry_name(group.name, group.letter, tuple(length - 1 for length in group.shape), group.shape)
            raise KeyError(f"no entry '{name}'; the last of '{group.name}', of shape {group.shape}, is {last}")
        return group.start + (int(np.ravel_multi_index(index, group.shape)) if group.shape else 0)

    def _read(self, name: str) -> tuple[Scalars, tuple[int, ...]]:
        """Return the array that is named, and the place in it."""
        if name in self._by_name:
            return self._by_name[name], ()
        placed = re.fullmatch(r"(?P<array>.+)\[(?P<places>\s*\d+(\s*,\s*\d+)*\s*)\]", name)
        if placed:
            array, places = placed["array"], [int(place) for place in placed["places"].split(",")]
        else:
            array, _, end = name.rpartition("_")
            if array not in self._by_letter or not re.fullmatch(r"\d+|\{\d+(,\d+)*\}", end):
                raise no_such("number of the network", name, self._examples())
            alone = len(self._by_letter[array].shape) == 1
            parts: Iterable[str] = end.strip("{}").split(",") if alone or end.startswith("{") else end
            places = [int(place) - 1 for place in parts]
        if array not in self._by_name:
            raise no_such("number of the network", name, self._examples())
        return self._by_name[array], tuple(places)

    def _examples(self) -> list[str]:
        return [self.name(group.start) for group in self.groups if group.stop > group.start]
