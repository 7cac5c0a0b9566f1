"""What is drawn of a network: its neurons where they are few, else a box for each layer or node, and the cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bpframe.explanation.nodes import ExplainedNode
from bpframe.explanation.paths import ScalarGraph
from bpframe.explanation.sections import Sections

__all__ = ["COST", "Picture", "Unit", "picture_of"]

#: Neurons are drawn one by one up to so many of a node, in all, and up to so many edges between them.
WIDE, NEURONS, EDGES = 6, 30, 90

#: Numbers are written on edges where no two cells have more of them between them.
WRITTEN = 4

#: Of more boxes than this the first and last are drawn, and one for those between them.
BOXES = 40

#: The cost's key.
COST = "C"


@dataclass(frozen=True)
class Unit:
    """A circle or box: a neuron, `place` counted from 0, or all of a node's numbers, or of several nodes left out.

    `nodes` are z and a where it stands for both. `cell` is what it is placed with, the neurons of one layer.
    """

    key: str
    nodes: tuple[ExplainedNode, ...]
    place: int | None
    cell: str
    left_out: int = 0

    @property
    def output(self) -> ExplainedNode:
        """The node whose value others read."""
        return self.nodes[-1]


@dataclass(frozen=True)
class Picture:
    """Units by key in an order in which each comes after those that it reads, and edges by their ends.

    `edges` maps (from, to) to a key; `weights` has the number of the weight on an edge, and `of_parameter` the edges of
    each entry of a parameter, by path and index, where there is one.
    """

    units: Mapping[str, Unit]
    edges: Mapping[tuple[str, str], str]
    single: bool
    has_cost: bool
    weights: Mapping[str, float] = field(default_factory=dict)
    of_parameter: Mapping[tuple[str, tuple[int, ...]], tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def called(self) -> dict[str, str]:
        """The name of the weight on an edge: its parameter's path, and its place there."""
        return {edge: f"{path}{[*index]}" for (path, index), edges in self.of_parameter.items() for edge in edges}

    @cached_property
    def crowded(self) -> bool:
        """Whether numbers on all edges would run into one another."""
        between = Counter((self.units[source].cell, self.units[target].cell) for source, target in self.edges)
        return max(between.values(), default=0) > WRITTEN

    def of(self, names: Iterable[str]) -> list[str]:
        """Return the keys of all units that stand for these nodes."""
        return list(dict.fromkeys(key for name in names for key in self._of_node.get(name, ())))

    @cached_property
    def _of_node(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key, unit in self.units.items():
            for node in unit.nodes:
                found.setdefault(node.name, []).append(key)
        return found

    def edges_into(self, keys: Iterable[str]) -> list[str]:
        """Return the keys of the edges that lead to these units."""
        wanted = set(keys)
        return [key for (_, to), key in self.edges.items() if to in wanted]


def picture_of(explanation: Sections) -> Picture:
    """Return what is drawn of an explained network."""
    cells = _cells(explanation)
    graph = explanation.paths.graph
    sizes = [cell[-1].value.size for cell in cells]
    if graph is not None and max(sizes) <= WIDE and sum(sizes) <= NEURONS:
        found = _neurons(explanation, cells, graph)
        if found is not None and len(found.edges) <= EDGES:
            return found
    return _boxes(explanation, cells)


def _cells(explanation: Sections) -> list[tuple[ExplainedNode, ...]]:
    """Return nodes in order, a layer's weighted input and its activation as one."""
    by_name = {node.name: node for node in explanation.nodes}
    pairs = {each.affine: each.activation for each in explanation.layers if each.activation is not None}
    seconds = set(pairs.values())
    return [
        (node, by_name[pairs[node.name]]) if node.name in pairs else (node,)
        for node in explanation.nodes
        if node.name not in seconds
    ]


def _neurons(explanation: Sections, cells: list[tuple[ExplainedNode, ...]], graph: ScalarGraph) -> Picture | None:
    units: dict[str, Unit] = {}
    of_entry: dict[int, str] = {}
    starts = {group.name: group for group in graph.groups}
    has_cost = any(group.kind == "cost" for group in graph.groups)
    for number, cell in enumerate(cells):
        for place in range(cell[-1].value.size):
            key = f"u{number}-{place}"
            units[key] = Unit(key, cell, place, f"c{number}")
            of_entry |= {starts[node.name].start + place: key for node in cell}
    if has_cost:
        units[COST] = Unit(COST, (), None, COST)
        of_entry[graph.groups[-1].start] = COST
    edges: dict[tuple[str, str], str] = {}
    for source, target, _ in graph.edges:
        ends = of_entry.get(source), of_entry.get(target)
        if ends[0] is not None and ends[1] is not None and ends[0] != ends[1]:
            edges.setdefault((ends[0], ends[1]), f"e{len(edges)}")
    weights: dict[str, float] = {}
    of_parameter: dict[tuple[str, tuple[int, ...]], tuple[str, ...]] = {}
    parameters = {each.name: each.value for each in explanation.gradient.parts}
    for layer in explanation.layers:
        if layer.weight not in parameters:
            continue  # it is not trained
        read, affine = starts[layer.reads].start, starts[layer.affine].start
        for j, k in np.ndindex(parameters[layer.weight].shape):
            edge = edges.get((of_entry[read + k], of_entry[affine + j]))
            if edge is not None:
                weights[edge] = float(parameters[layer.weight][j, k])
                entry = layer.weight, (j, k)
                of_parameter[entry] = (*of_parameter.get(entry, ()), edge)
    return Picture(units, edges, True, has_cost, weights, of_parameter)


def _boxes(explanation: Sections, cells: list[tuple[ExplainedNode, ...]]) -> Picture:
    units: dict[str, Unit] = {}
    of_name: dict[str, str] = {}
    hidden = len(cells) - BOXES if len(cells) > BOXES else 0
    first = BOXES // 2
    for number, cell in enumerate(cells):
        inside = first <= number < first + hidden
        key = f"u{first}" if inside else f"u{number}"
        if inside and key in units:
            before = units[key]
            units[key] = Unit(key, (*before.nodes, *cell), None, f"c{first}", hidden)
        else:
            units[key] = Unit(key, cell, None, f"c{number}", hidden if inside else 0)
        of_name |= {node.name: key for node in cell}
    edges: dict[tuple[str, str], str] = {}
    for node in explanation.nodes:
        for read in node.reads:
            ends = of_name[read], of_name[node.name]
            if ends[0] != ends[1]:
                edges.setdefault(ends, f"e{len(edges)}")
    has_cost = bool(explanation.targets)
    if has_cost:
        units[COST] = Unit(COST, (), None, COST)
        for output in explanation.targets:
            edges.setdefault((of_name[output], COST), f"e{len(edges)}")
    return Picture(units, edges, False, has_cost)
