"""The part of a network between a source and a target, cut where every path passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.graph import Node, Shape
from bpframe.core.operators import Branches, add, branches
from bpframe.derivatives.jacobian.edge import Edge
from bpframe.errors import BatchCoupledError

__all__ = ["Path", "Reads", "check_uncoupled", "path_between", "reads_towards"]


@dataclass(frozen=True)
class Path:
    """Every local Jacobian on some way from `source` to `target`, in an order of evaluation.

    A source is a value or a parameter's path. Without edges the target does not depend on it, or is it.
    """

    source: str
    target: str
    in_shape: Shape
    out_shape: Shape
    edges: tuple[Edge, ...]

    @cached_property
    def segments(self) -> tuple[tuple[Edge, ...], ...]:
        """The edges between one *cut vertex*, which every path passes, and the next: one, or several with branches.

        A vertex is passed by every path if no edge leads from a vertex before it to one behind it.
        """
        place = {self.source: 0}
        for edge in self.edges:
            place.setdefault(edge.target, len(place))
        parts: list[list[Edge]] = [[]]
        reached = 0  # the farthest vertex that an edge from before leads to
        current = self.source
        for edge in sorted(self.edges, key=lambda each: place[each.source]):
            if edge.source != current:
                current = edge.source
                if reached <= place[current]:
                    parts.append([])
            parts[-1].append(edge)
            reached = max(reached, place[edge.target])
        return tuple(tuple(sorted(part, key=lambda each: place[each.target])) for part in parts if part)


def check_uncoupled(edges: Iterable[Edge], what: str) -> None:
    """Refuse a Jacobian per example where a local one couples the examples.

    Errors: BatchCoupledError that names the node.
    """
    for edge in edges:
        if edge.operator.couples_batch:
            raise BatchCoupledError(
                f"{edge.node.where} couples the examples of a batch: {what} has no form per example",
                hint="net.jacobian(..., form='factored'), and its joint_dense(batch): the Jacobian of the whole batch",
            )


def reads_towards(trace: Trace, target: str) -> tuple[Reads, ...]:
    """Return what every node reads that stands on some way to the target."""
    graph = trace.plan.graph
    needed = {target}
    found: list[Reads] = []
    for place, node in reversed(list(enumerate(graph.nodes))):
        if node.name in needed:
            keys = _keys(node, "", {name for name in node.sources if name not in graph.integer_inputs})
            needed.update(keys)
            found.append(Reads(place, node, dict(reversed(keys.items()))))
    return tuple(reversed(found))


def path_between(trace: Trace, source: str, target: str) -> Path:
    """Return every local Jacobian between a value or parameter and a value; only their nodes are asked for theirs."""
    graph = trace.plan.graph
    moving = {source}
    reached: list[Reads] = []
    for place, node in enumerate(graph.nodes) if source != target else ():
        keys = _keys(node, source, moving)
        if keys:
            reached.append(Reads(place, node, keys))
            moving.add(node.name)
        if node.name == target:
            break
    needed = {target}
    kept: list[Reads] = []
    for each in reversed(reached):
        if each.node.name in needed:
            needed.update(each.keys)
            kept.append(each)
    edges = tuple(edge for each in reversed(kept) for edge in each.edges(trace))
    parameters = graph.parameters
    in_shape = parameters[source].shape if source in parameters else graph.shapes[source]
    return Path(source, target, in_shape, graph.shapes[target], edges)


def _keys(node: Node, source: str, moving: set[str]) -> dict[str, list[str]]:
    """The keys of a node's local Jacobian by what they lead from: values that move, or the source as its parameter."""
    found: dict[str, list[str]] = {}
    for key, name in zip(node.input_keys, node.sources, strict=True):
        if name in moving and key not in node.component.integer_inputs:
            found.setdefault(name, []).append(key)
    for key in node.parameters:
        if node.parameter_path(key) == source:
            found.setdefault(source, []).append(key)
    return found


@dataclass(frozen=True)
class Reads:
    """What a node reads on the way: its place in the order of evaluation, and keys of its Jacobian by their source."""

    place: int
    node: Node
    keys: Mapping[str, Sequence[str]]

    def whole(self, trace: Trace) -> list[Edge]:
        """Return one edge from every source to the node."""
        grouped = Branches(tuple(trace.jacobian(self.node.name).items()))
        return list(self._into(trace, grouped, self.node.name, iter((self.place,))))

    def edges(self, trace: Trace) -> list[Edge]:
        """Return edges from every source to the node; those that share their last factor meet in a value before it.

        Such a value has a name of its own, `node ← 1`, and stands right before the node: the same for every path.
        """
        grouped = branches(trace.jacobian(self.node.name))
        if not grouped.common:
            return list(self._into(trace, grouped, self.node.name, iter((self.place,))))
        count = sum(1 for _ in _levels(grouped))
        places = (self.place - number / count for number in range(count))
        return sorted(self._into(trace, grouped, self.node.name, places), key=lambda each: each.place)

    def _into(self, trace: Trace, grouped: Branches, target: str, places: Iterator[float]) -> Iterator[Edge]:
        place, apart = next(places), trace.plan.step_of[self.node.name].why is not None
        for source, keys in self.keys.items():
            found = [(key, each) for key, each in grouped.alone if key in keys]
            if found:
                key, operator = found[0]
                whole = operator if len(found) == 1 else add(*(each for _, each in found))
                yield Edge(source, target, whole, self.node, place, key, apart)
        for number, (factor, behind) in enumerate(grouped.common, 1):
            meeting = f"{target} ← {number}"
            edges = list(self._into(trace, behind, meeting, places))
            if edges:
                yield Edge(meeting, target, factor, self.node, place, edges[0].key, apart)
                yield from edges


def _levels(grouped: Branches) -> Iterator[Branches]:
    yield grouped
    for _, behind in grouped.common:
        yield from _levels(behind)
