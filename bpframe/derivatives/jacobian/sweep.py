"""One pass over a network for whole stacks of vectors: forward from one source, or in reverse to several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from bpframe.derivatives.jacobian.link import Link, links_of
from bpframe.derivatives.jacobian.path import Path, Way
from bpframe.derivatives.jacobian.products import Held, accumulated, added, through, written

__all__ = ["Sweep"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Sweep:
    """Push the columns of a Jacobian through all ways from one source, or pull its rows back to all sources.

        forward: J_i = Σ_j J_ij J_j,    reverse: J_j = Σ_i J_i J_ij        (multiply along a path, add over all paths)

    The first step writes a local Jacobian out instead of multiplying it with unit vectors, where its entries are held.
    """

    paths: Sequence[Path]
    forward: bool

    @cached_property
    def steps(self) -> list[tuple[Way, list[Link]]]:
        """The ways in the order in which they are passed, with their links in that order."""
        ways: dict[tuple[str, str], Way] = {}
        for way in chain.from_iterable(path.ways for path in self.paths):
            ways.setdefault((way.source, way.target), way)
        passed = sorted(ways.values(), key=lambda way: way.place)
        step = 1 if self.forward else -1
        return [(way, links_of(way.operator, way.node, way.key)[::step]) for way in passed[::step]]

    @cached_property
    def start(self) -> str:
        """Where the sweep begins: the source, or the target."""
        return self.paths[0].source if self.forward else self.paths[0].target

    def cost(self, batch: int) -> int:
        """Return the multiplications of the whole batch."""
        total = 0
        shared = {self.start: True}
        for way, links in self.steps:
            begin, end = (way.source, way.target) if self.forward else (way.target, way.source)
            alike = shared[begin]
            for at, link in enumerate(links):
                alike = alike and link.shared
                times = 1 if alike else batch
                cost = self._vectors * link.edges * times
                if at == 0 and begin == self.start and link.dense_cost is not None:
                    cost = min(cost, link.dense_cost * times)
                total += cost
            shared[end] = shared.get(end, True) and alike
        return total

    def carried_out(self, like: Array, batch: int) -> dict[str, Held]:
        """Return the Jacobian in every source, (B, outputs, inputs)."""
        held: dict[str, Held] = {}
        wanted = {path.target if self.forward else path.source for path in self.paths}
        last = {way.source if self.forward else way.target: way for way, _ in self.steps}
        for way, links in self.steps:
            begin, end = (way.source, way.target) if self.forward else (way.target, way.source)
            if begin == self.start:
                first, *links = links
                j = written(first, like) if self._is_written(first) else accumulated(first, like, batch, self.forward)
            else:
                j = Held(held[begin].j, False)
            j = through(j, links, batch, self.forward)
            held[end] = added(held[end], j) if end in held else j
            if last[begin] is way and begin in held and begin not in wanted:
                del held[begin]
        if self.forward:
            return {self.start: held[self.paths[0].target]}
        return {path.source: held[path.source] for path in self.paths}

    def largest_part(self) -> int:
        """Return the most entries, for one example, of a matrix that comes up on the way."""
        return self._vectors * max(max(link.inputs, link.outputs) for _, links in self.steps for link in links)

    @cached_property
    def _vectors(self) -> int:
        _, links = self.steps[0]
        return links[0].inputs if self.forward else links[0].outputs

    def _is_written(self, link: Link) -> bool:
        return link.dense_cost is not None and link.dense_cost <= self._vectors * link.edges
