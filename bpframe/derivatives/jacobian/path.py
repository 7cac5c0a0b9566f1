"""The part of a network between a source and a target, cut where every path passes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.graph import Node, Shape
from bpframe.core.operators import add
from bpframe.derivatives.jacobian.edge import Edge
from bpframe.errors import BatchCoupledError

__all__ = ["Path", "check_uncoupled", "edges_into", "path_between"]


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


def edges_into(trace: Trace, target: str) -> tuple[Edge, ...]:
    """Return every local Jacobian between values on some way to the target."""
    graph = trace.plan.graph
    needed = {target}
    found: list[Edge] = []
    for place, node in reversed(list(enumerate(graph.nodes))):
        if node.name in needed:
            keys = _keys(node, "", {name for name in node.sources if name not in graph.integer_inputs})
            needed.update(keys)
            found += [_edge(trace, place, node, start, named) for start, named in keys.items()]
    return tuple(reversed(found))


def path_between(trace: Trace, source: str, target: str) -> Path:
    """Return every local Jacobian between a value or parameter and a value; only their nodes are asked for theirs."""
    graph = trace.plan.graph
    moving = {source}
    reached: list[tuple[int, Node, str, list[str]]] = []
    for place, node in enumerate(graph.nodes) if source != target else ():
        keys = _keys(node, source, moving)
        for start, named in keys.items():
            reached.append((place, node, start, named))
        if keys:
            moving.add(node.name)
        if node.name == target:
            break
    needed = {target}
    kept: list[tuple[int, Node, str, list[str]]] = []
    for each in reversed(reached):
        if each[1].name in needed:
            needed.add(each[2])
            kept.append(each)
    edges = tuple(_edge(trace, *each) for each in reversed(kept))
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


def _edge(trace: Trace, place: int, node: Node, source: str, keys: Sequence[str]) -> Edge:
    jacobian = trace.jacobian(node.name)
    operator = jacobian[keys[0]] if len(keys) == 1 else add(*(jacobian[key] for key in keys))
    return Edge(source, node.name, operator, node, place, keys[0])
