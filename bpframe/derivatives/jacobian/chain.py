"""The Jacobian along a path as a chain of links, planned and carried out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bpframe.derivatives.jacobian.branched import Branched
from bpframe.derivatives.jacobian.eliminated import Elimination, plan_branches
from bpframe.derivatives.jacobian.link import Link, links_of
from bpframe.derivatives.jacobian.path import Path
from bpframe.derivatives.jacobian.products import Held, accumulated, multiplied, through, written
from bpframe.derivatives.ordering import ChainPlan, ChainStep, Factor, plan_chain
from bpframe.validation.plain_arrays import Array

__all__ = ["Chain"]


@dataclass(frozen=True, eq=False)
class Chain:
    """Links from a source to a target, how to multiply out those with branches, and the plan for the whole."""

    links: tuple[Link, ...]
    eliminations: dict[int, Elimination]  # by the link's place
    plan: ChainPlan

    @classmethod
    def along(cls, path: Path, batch: int) -> Chain:
        """Plan the cheapest order for a path that has at least one way."""
        links: list[Link] = []
        eliminations: dict[int, Elimination] = {}
        factors: list[Factor] = []
        for part in path.segments:
            last = part[-1]
            if len(part) == 1:
                more = links_of(last.operator, last.node, last.key)
                links += more
                factors += [link.factor(batch) for link in more]
                continue
            elimination = eliminations[len(links)] = plan_branches(part, batch)
            branched = Branched(elimination.first, elimination.last, part)
            links.append(Link(branched, last.node, last.key, branched._ignores_examples))
            factors.append(links[-1].factor(batch)._replace(known=elimination.cost))
        return cls(tuple(links), eliminations, _planned(tuple(factors), max(batch, 1)))

    def carried_out(self, like: Array, batch: int, out: Array | None = None) -> Held:
        """Follow the plan, with the last product in `out`, (N, m, n), where that is possible."""
        held: dict[tuple[int, int], Held] = {}
        for step in self.plan.steps:
            target = out if step is self.plan.steps[-1] else None
            held[step.first, step.last] = self._step(step, held, like, batch, target)
        return held[1, len(self.links)]

    def _step(
        self, step: ChainStep, held: dict[tuple[int, int], Held], like: Array, batch: int, out: Array | None
    ) -> Held:
        links, first, last = self.links, step.first - 1, step.last - 1
        match step.action:
            case "known":
                if first in self.eliminations:
                    return self.eliminations[first].carried_out(like, batch)
                return written(links[first], like)
            case "accumulate, tangent" | "accumulate, adjoint":
                return accumulated(links[first], like, batch, step.action == "accumulate, tangent")
        earlier = None if step.earlier is None else held.pop(step.earlier)
        later = None if step.later is None else held.pop(step.later)
        if earlier is not None and later is not None:
            return multiplied(later, earlier, out)
        split = step.split or 0
        if earlier is not None:
            return through(earlier, links[split : last + 1], batch, True, out)
        assert later is not None
        return through(later, links[first:split][::-1], batch, False, out)

    def largest_part(self) -> int:
        """Return the most entries, for one example, of a matrix that comes up before the last product."""
        sizes = [0]
        for step in self.plan.steps:
            final = step is self.plan.steps[-1]
            if not final:
                sizes.append(step.rows * step.columns)
            if step.action == "tangent product" and step.split is not None:
                sizes += [step.columns * link.outputs for link in self.links[step.split : step.last - final]]
            if step.action == "adjoint product" and step.split is not None:
                sizes += [step.rows * link.inputs for link in self.links[step.first - 1 + final : step.split]]
        return max(sizes)


@lru_cache(maxsize=256)
def _planned(factors: tuple[Factor, ...], batch: int) -> ChainPlan:
    """Plans depend on sizes alone, which are the same from call to call."""
    return plan_chain(factors, batch)
