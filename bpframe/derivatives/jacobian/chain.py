"""The Jacobian along a path as a chain of edges, planned and carried out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bpframe.derivatives.jacobian.branches import Elimination, plan_branches
from bpframe.derivatives.jacobian.edge import Edge
from bpframe.derivatives.jacobian.factored import Branched
from bpframe.derivatives.jacobian.matrices import Matrices, accumulated, multiplied, through, written
from bpframe.derivatives.jacobian.path import Path
from bpframe.derivatives.ordering import ChainPlan, ChainStep, Factor, plan_chain
from bpframe.validation.plain_arrays import Array

__all__ = ["Chain"]


@dataclass(frozen=True, eq=False)
class Chain:
    """Edges from a source to a target, how to multiply out those with branches, and the plan for the whole."""

    edges: tuple[Edge, ...]
    eliminations: dict[int, Elimination]  # by the edge's place
    plan: ChainPlan

    @classmethod
    def along(cls, path: Path, batch: int) -> Chain:
        """Plan the cheapest order for a path that has at least one edge."""
        edges: list[Edge] = []
        eliminations: dict[int, Elimination] = {}
        factors: list[Factor] = []
        for part in path.segments:
            last = part[-1]
            if len(part) == 1:
                edges += last.parts
                factors += [_plannable(edge.factor(batch)) for edge in last.parts]
                continue
            elimination = eliminations[len(edges)] = plan_branches(part, batch)
            first, end = elimination.first, elimination.last
            whole = Branched(first, end, part)
            edges.append(Edge(first, end, whole, last.node, last.place, last.key, any(each.apart for each in part)))
            factors.append(_plannable(edges[-1].factor(batch))._replace(known=elimination.cost))
        return cls(tuple(edges), eliminations, _planned(tuple(factors), max(batch, 1)))

    def carried_out(self, like: Array, batch: int, out: Array | None = None) -> Matrices:
        """Follow the plan, with the last product in `out`, (N, m, n), where that is possible.

        One factor for every edge along the path, as in eq. (11).
        """
        held: dict[tuple[int, int], Matrices] = {}
        for step in self.plan.steps:
            target = out if step is self.plan.steps[-1] else None
            held[step.first, step.last] = self._step(step, held, like, batch, target)
        return held[1, len(self.edges)]

    def _step(
        self, step: ChainStep, held: dict[tuple[int, int], Matrices], like: Array, batch: int, out: Array | None
    ) -> Matrices:
        edges, first, last = self.edges, step.first - 1, step.last - 1
        match step.action:
            case "known":
                if first in self.eliminations:
                    return self.eliminations[first].carried_out(like, batch)
                return written(edges[first], like)
            case "accumulate, tangent" | "accumulate, adjoint":
                return accumulated(edges[first], like, batch, step.action == "accumulate, tangent")
        earlier = None if step.earlier is None else held.pop(step.earlier)
        later = None if step.later is None else held.pop(step.later)
        if earlier is not None and later is not None:
            return multiplied(later, earlier, out)
        split = step.split or 0
        if earlier is not None:
            return through(earlier, edges[split : last + 1], batch, True, out)
        assert later is not None
        return through(later, edges[first:split][::-1], batch, False, out)

    def largest_part(self) -> int:
        """Return the most entries, for one example, of a matrix that comes up before the last product."""
        sizes = [0]
        for step in self.plan.steps:
            final = step is self.plan.steps[-1]
            if not final:
                sizes.append(step.rows * step.columns)
            if step.action == "tangent product" and step.split is not None:
                sizes += [step.columns * edge.outputs for edge in self.edges[step.split : step.last - final]]
            if step.action == "adjoint product" and step.split is not None:
                sizes += [step.rows * edge.inputs for edge in self.edges[step.first - 1 + final : step.split]]
        return max(sizes)


def _plannable(factor: Factor) -> Factor:
    """Count at least one multiplication where unit vectors are sent through, as plans are made of positive integers."""
    return factor if factor.known is not None else factor._replace(edges=max(factor.edges, 1))


@lru_cache(maxsize=256)
def _planned(factors: tuple[Factor, ...], batch: int) -> ChainPlan:
    """Plans depend on sizes alone, which are the same from call to call."""
    return plan_chain(factors, batch)
