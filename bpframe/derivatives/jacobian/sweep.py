"""One pass over a network for whole stacks of vectors: forward from one source, or in reverse to everything before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from bpframe.derivatives.jacobian.edge import Edge
from bpframe.derivatives.jacobian.matrices import Matrices, accumulated, added, through, written
from bpframe.validation.plain_arrays import Array

__all__ = ["Sweep"]


@dataclass(frozen=True, eq=False)
class Sweep:
    """Push the columns of a Jacobian through all edges from one source, or pull its rows back to all sources.

        forward: J_i = Σ_j J_ij J_j,    reverse: J_j = Σ_i J_i J_ij        (multiply along a path, add over all paths)

    `start` is where it begins, the source or the target. The first step writes a local Jacobian out instead of
    multiplying it with unit vectors, where its entries are held.
    """

    edges: Sequence[Edge]
    start: str
    forward: bool

    @cached_property
    def steps(self) -> list[tuple[str, str, tuple[Edge, ...]]]:
        """Where each edge begins and ends, in the order in which they are passed, and its parts in that order."""
        places = {edge.target: edge.place for edge in self.edges}
        if self.forward:
            passed = sorted(self.edges, key=lambda edge: places.get(edge.source, -1))
            return [(edge.source, edge.target, edge.parts) for edge in passed]
        passed = sorted(self.edges, key=lambda edge: -edge.place)
        return [(edge.target, edge.source, edge.parts[::-1]) for edge in passed]

    def cost(self, batch: int) -> int:
        """Return the multiplications of the whole batch."""
        total = 0
        shared = {self.start: True}
        for begin, end, parts in self.steps:
            alike = shared[begin]
            for at, part in enumerate(parts):
                alike = alike and part.shared
                times = 1 if alike else batch
                if at == 0 and begin == self.start and self._is_written(part):
                    total += (part.dense_cost or 0) * times
                else:
                    total += self._vectors * part.cost * times
            shared[end] = shared.get(end, True) and alike
        return total

    def walk(self, like: Array, batch: int) -> Iterator[tuple[str, Matrices]]:
        """Yield the name of every value on the way, and its Jacobian (B, outputs, inputs) once it is complete."""
        held: dict[str, Matrices] = {}
        for begin, steps in groupby(self.steps, key=lambda step: step[0]):
            if begin != self.start:
                yield begin, held[begin]
            for _, end, parts in steps:
                if begin == self.start:
                    j, parts = self._first(parts[0], like, batch), parts[1:]
                else:
                    j = Matrices(held[begin].j, False)  # other edges may begin here too
                j = through(j, parts, batch, self.forward)
                held[end] = added(held[end], j) if end in held else j
            held.pop(begin, None)
        yield from held.items()

    def carried_out(self, like: Array, batch: int, wanted: Collection[str]) -> dict[str, Matrices]:
        """Return the Jacobians of these values, (B, outputs, inputs), and keep no others."""
        return {name: j for name, j in self.walk(like, batch) if name in wanted}

    def largest_part(self) -> int:
        """Return the most entries, for one example, of a matrix that comes up on the way."""
        return self._vectors * max(max(part.inputs, part.outputs) for _, _, parts in self.steps for part in parts)

    @cached_property
    def _vectors(self) -> int:
        first = next(parts[0] for begin, _, parts in self.steps if begin == self.start)
        return first.inputs if self.forward else first.outputs

    def _first(self, edge: Edge, like: Array, batch: int) -> Matrices:
        return written(edge, like) if self._is_written(edge) else accumulated(edge, like, batch, self.forward)

    def _is_written(self, edge: Edge) -> bool:
        return edge.dense_cost is not None and edge.dense_cost <= self._vectors * edge.cost
