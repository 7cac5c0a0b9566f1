"""How the Jacobians of one target in some sources are multiplied out: the order, its cost, and the work itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from bpframe.core.backprop.trace import Trace
from bpframe.derivatives.jacobian.chain import Chain
from bpframe.derivatives.jacobian.matrices import Matrices
from bpframe.derivatives.jacobian.path import Path, check_uncoupled, path_between
from bpframe.derivatives.jacobian.sweep import Sweep
from bpframe.validation.plain_arrays import Array

__all__ = ["Derivation", "Order", "derivation_of"]


#: In which order local Jacobians are multiplied.
Order = Literal["auto", "reverse", "forward"]


@dataclass(frozen=True, eq=False)
class Derivation:
    """The paths from sources to one target, and the order chosen: a planned chain for each, or sweeps."""

    target: str
    paths: tuple[Path, ...]
    batch: int
    order: Order

    def check_uncoupled(self) -> None:
        """Refuse Jacobians per example where a node couples the examples.

        Errors: BatchCoupledError that names the node.
        """
        for path in self.paths:
            check_uncoupled(path.edges, f"∂{path.target}/∂{path.source}")

    @cached_property
    def leading(self) -> tuple[Path, ...]:
        """The paths that lead somewhere: the target is not their source, and depends on it."""
        return tuple(path for path in self.paths if path.edges)

    @cached_property
    def reverse(self) -> Sweep:
        """The sweep from the target to all sources."""
        edges = {(edge.source, edge.target): edge for path in self.leading for edge in path.edges}
        return Sweep(tuple(edges.values()), self.target, forward=False)

    @cached_property
    def forward(self) -> tuple[Sweep, ...]:
        """A sweep from each source."""
        return tuple(Sweep(path.edges, path.source, forward=True) for path in self.leading)

    @cached_property
    def chains(self) -> dict[str, Chain]:
        """A planned chain for each source."""
        return {path.source: Chain.along(path, self.batch) for path in self.leading}

    @cached_property
    def costs(self) -> dict[str, int]:
        """What the orders cost, in multiplications of the whole batch."""
        if not self.leading:
            return {"planned": 0, "reverse": 0, "forward": 0}
        return {
            "planned": sum(chain.plan.cost for chain in self.chains.values()),
            "reverse": self.reverse.cost(self.batch),
            "forward": sum(sweep.cost(self.batch) for sweep in self.forward),
        }

    @cached_property
    def chosen(self) -> str:
        """Which of the orders is carried out: what was asked for, or the cheapest."""
        if self.order != "auto":
            return self.order
        if len(self.leading) == 1 and not any(chain.eliminations for chain in self.chains.values()):
            return "planned"  # nothing is cheaper along a chain
        return min(self.costs, key=self.costs.__getitem__)

    def carried_out(self, like: Array, out: Mapping[str, Array]) -> None:
        """Write the Jacobians of all examples into `out`: (N, outputs, inputs) by source."""
        found: dict[str, Matrices] = {}
        if not self.leading:
            pass
        elif self.chosen == "reverse":
            found = self.reverse.carried_out(like, self.batch, [path.source for path in self.leading])
        elif self.chosen == "forward":
            for sweep in self.forward:
                found[sweep.start] = sweep.carried_out(like, self.batch, [self.target])[self.target]
        else:
            for source, chain in self.chains.items():
                found[source] = chain.carried_out(like, self.batch, out[source])
        for path in self.paths:
            result = out[path.source]
            if path.source in found:
                if not np.may_share_memory(found[path.source].j, result):
                    result[...] = found[path.source].j
            else:
                result[...] = np.eye(*result.shape[1:], like=result) if path.source == self.target else 0

    def largest_part(self) -> int:
        """Return the most entries, for one example, of a matrix that comes up before the results."""
        if not self.leading:
            return 0
        if self.chosen == "planned":
            return max(chain.largest_part() for chain in self.chains.values())
        sweeps = self.forward if self.chosen == "forward" else (self.reverse,)
        return max(sweep.largest_part() for sweep in sweeps)


def derivation_of(trace: Trace, target: str, sources: Sequence[str], order: Order) -> Derivation:
    """Find the paths from the sources to the target."""
    paths = tuple(path_between(trace, source, target) for source in sources)
    return Derivation(target, paths, trace.batch, order)
