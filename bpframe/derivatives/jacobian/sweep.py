"""One pass over a network for whole stacks of vectors: forward from one source, or in reverse to everything before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from bpframe.derivatives.jacobian.link import Link, links_of
from bpframe.derivatives.jacobian.path import Way
from bpframe.derivatives.jacobian.products import Held, accumulated, added, through, written
from bpframe.validation.plain_arrays import Array

__all__ = ["Sweep"]


@dataclass(frozen=True, eq=False)
class Sweep:
    """Push the columns of a Jacobian through all ways from one source, or pull its rows back to all sources.

        forward: J_i = Σ_j J_ij J_j,    reverse: J_j = Σ_i J_i J_ij        (multiply along a path, add over all paths)

    `start` is where it begins, the source or the target. The first step writes a local Jacobian out instead of
    multiplying it with unit vectors, where its entries are held.
    """

    ways: Sequence[Way]
    start: str
    forward: bool

    @cached_property
    def steps(self) -> list[tuple[str, str, list[Link]]]:
        """Where each way begins and ends, in the order in which they are passed, and its links in that order."""
        places = {way.target: way.place for way in self.ways}
        if self.forward:
            passed = sorted(self.ways, key=lambda way: places.get(way.source, -1))
            return [(way.source, way.target, links_of(way.operator, way.node, way.key)) for way in passed]
        passed = sorted(self.ways, key=lambda way: -way.place)
        return [(way.target, way.source, links_of(way.operator, way.node, way.key)[::-1]) for way in passed]

    def cost(self, batch: int) -> int:
        """Return the multiplications of the whole batch."""
        total = 0
        shared = {self.start: True}
        for begin, end, links in self.steps:
            alike = shared[begin]
            for at, link in enumerate(links):
                alike = alike and link.shared
                times = 1 if alike else batch
                if at == 0 and begin == self.start and self._is_written(link):
                    total += (link.dense_cost or 0) * times
                else:
                    total += self._vectors * link.edges * times
            shared[end] = shared.get(end, True) and alike
        return total

    def walk(self, like: Array, batch: int) -> Iterator[tuple[str, Held]]:
        """Yield the name of every value on the way, and its Jacobian (B, outputs, inputs) once it is complete."""
        held: dict[str, Held] = {}
        for begin, steps in groupby(self.steps, key=lambda step: step[0]):
            if begin != self.start:
                yield begin, held[begin]
            for _, end, links in steps:
                if begin == self.start:
                    j, links = self._first(links[0], like, batch), links[1:]
                else:
                    j = Held(held[begin].j, False)  # other ways may begin here too
                j = through(j, links, batch, self.forward)
                held[end] = added(held[end], j) if end in held else j
            held.pop(begin, None)
        yield from held.items()

    def carried_out(self, like: Array, batch: int, wanted: Collection[str]) -> dict[str, Held]:
        """Return the Jacobians of these values, (B, outputs, inputs), and keep no others."""
        return {name: j for name, j in self.walk(like, batch) if name in wanted}

    def largest_part(self) -> int:
        """Return the most entries, for one example, of a matrix that comes up on the way."""
        return self._vectors * max(max(link.inputs, link.outputs) for _, _, links in self.steps for link in links)

    @cached_property
    def _vectors(self) -> int:
        first = next(links[0] for begin, _, links in self.steps if begin == self.start)
        return first.inputs if self.forward else first.outputs

    def _first(self, link: Link, like: Array, batch: int) -> Held:
        return written(link, like) if self._is_written(link) else accumulated(link, like, batch, self.forward)

    def _is_written(self, link: Link) -> bool:
        return link.dense_cost is not None and link.dense_cost <= self._vectors * link.edges
