"""How a Jacobian was multiplied out, to be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bpframe.derivatives.jacobian.chain import Chain
from bpframe.derivatives.jacobian.derivation import Derivation
from bpframe.derivatives.jacobian.edge import Edge
from bpframe.derivatives.ordering import ChainPlan

__all__ = ["Explanation", "Route", "Structure", "explain"]


@dataclass(frozen=True, slots=True)
class Structure:
    """A local Jacobian: the node that it belongs to, what it is in, its structure and size.

    `shared` says that all examples share it. `cost` is what one vector of one example takes. `eliminated` are, where it
    has branches and is multiplied out by itself, its inner values in the order in which that is done.
    """

    where: str
    structure: str
    outputs: int
    inputs: int
    shared: bool
    cost: int
    eliminated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """The local Jacobians from one source on, the first one first, and the plan for their product, if one was made."""

    wrt: str
    structures: tuple[Structure, ...]
    plan: ChainPlan | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """In which order the Jacobians of one value were multiplied out, and what each order costs.

    `chosen` is "planned", "reverse" or "forward"; `cost` is that of the order chosen, `reverse` and `forward` those of
    the modes. All are multiplications (moves, where an operator only moves entries) of the whole `batch`. `note` says
    what the form adds to that.
    """

    of: str
    batch: int
    form: str
    chosen: str
    cost: int
    reverse: int
    forward: int
    routes: tuple[Route, ...]
    note: str = ""

    def __str__(self) -> str:
        """Lay out the costs, and for every source the local Jacobians with the plan."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        how = {"planned": "the cheapest order", "none": "never multiplied out"}.get(self.chosen, f"{self.chosen} mode")
        plural = "" if self.batch == 1 else "s"
        yield f"∂{self.of} of {self.batch} example{plural}, {self.form}: {how}"
        yield f"  {self.cost:,} multiplications (reverse {self.reverse:,}, forward {self.forward:,})"
        if self.note:
            yield f"  {self.note}"
        for route in self.routes:
            yield from _route(route)


def explain(derivation: Derivation, form: str, note: str = "") -> Explanation:
    """Say how a derivation multiplies out; a factored form does not."""
    costs = derivation.costs
    chosen = "none" if form == "factored" else derivation.chosen
    routes = []
    for path in derivation.paths:
        if path.edges:
            chain = derivation.chains[path.source]
            plan = chain.plan if chosen == "planned" else None
            routes.append(Route(path.source, tuple(_structures(chain, plan is not None)), plan))
        else:
            routes.append(Route(path.source, (), None))
    cost = 0 if chosen == "none" else costs[chosen]
    return Explanation(
        derivation.target, derivation.batch, form, chosen, cost, costs["reverse"], costs["forward"], tuple(routes), note
    )


def _structures(chain: Chain, planned: bool) -> Iterator[Structure]:
    for place, edge in enumerate(chain.edges):
        elimination = chain.eliminations.get(place)
        written = planned and any(step.first == step.last == place + 1 for step in chain.plan.steps
                                  if step.action == "known")  # fmt: skip
        order = elimination.order if elimination is not None and written else ()
        yield Structure(_where(edge, branched=elimination is not None), edge.operator.structure, edge.outputs,
                        edge.inputs, edge.shared, edge.cost, order)  # fmt: skip


def _where(edge: Edge, branched: bool) -> str:
    return f"up to {edge.node.name}" if branched else f"{edge.node.name} in {edge.key}"


def _route(route: Route) -> Iterator[str]:
    yield f"wrt {route.wrt}"
    if not route.structures:
        yield "  nothing on the way: the identity, or zero"
    rows = [
        (f"F{number}", each.where, each.structure, f"{each.outputs}×{each.inputs}", "shared" if each.shared else "",
         f"{each.cost:,}")
        for number, each in enumerate(route.structures, 1)
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(6)] if rows else []
    for row, each in zip(rows, route.structures, strict=True):
        cells = [*map(str.ljust, row[:5], widths[:5]), row[5].rjust(widths[5])]
        yield "  " + "  ".join(cells)
        if each.eliminated:
            yield "      eliminates " + ", ".join(each.eliminated)
    if route.plan is not None:
        yield from ("  " + line for line in str(route.plan).splitlines())
