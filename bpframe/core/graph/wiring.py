"""Nodes that read from one another by name: their names, their edges, and an order in which each finds its sources."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bpframe.core.component import contract_of
from bpframe.core.graph.description import NodeSpec
from bpframe.errors import CycleError, DanglingInput, DuplicateNode, GraphError, UnreachableNode, did_you_mean

__all__ = ["Level", "dangling", "name_of", "ordered"]


@dataclass(frozen=True)
class Level:
    """The nodes of a network, or of a block in it, with the names that are handed in and those that are handed out.

    `places` is what messages call the nodes. Of a block, `path` goes before the names of its nodes, `inside` before
    messages, `shared` is the path of another block whose parameters it uses, and `trainable` says whether training
    reaches it.
    """

    nodes: tuple[NodeSpec, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    places: tuple[str, ...]
    path: str = ""
    inside: str = ""
    shared: str | None = None
    trainable: bool = True
    depth: int = 0

    @property
    def names(self) -> list[str]:
        """Everything that a node may read from."""
        return [*self.inputs, *self.nodes_read]

    @cached_property
    def nodes_read(self) -> dict[str, str]:
        """The node behind each name that is read: its own, and those of its outputs where it has several."""
        found = {}
        for each in self.nodes:
            name = name_of(each)
            found.update(dict.fromkeys([name, *(f"{name}.{output}" for output in type(each.component).outputs)], name))
        return found

    def where(self, index: int) -> str:
        """Return how messages name a node and what it is: `layers[3] 'head' (dense)`."""
        return f"{self.places[index]} ({self.nodes[index].component.kind})"


def name_of(node: NodeSpec) -> str:
    """Return a node's name: its kind, where it was given none."""
    return node.name or node.component.kind


def ordered(level: Level) -> list[int]:
    """Check the names and edges of a level; return the nodes' indices so that each comes after its sources.

    Errors: DuplicateNode, DanglingInput, CycleError, UnreachableNode, GraphError.
    """
    _check_names(level)
    _check_edges(level)
    order = _in_order(level)
    _check_reachable(level)
    return order


def dangling(problem: str, name: str, names: Iterable[str]) -> DanglingInput:
    """Return the error for a name that does not exist, with the closest that does."""
    known = list(names)
    return DanglingInput(problem, expected="one of " + ", ".join(known), received=name, hint=did_you_mean(name, known))


def _check_names(level: Level) -> None:
    seen: dict[str, str] = dict.fromkeys(level.inputs, "an input")
    for each, place in zip(level.nodes, level.places, strict=True):
        name = name_of(each)
        if name in seen:
            received, hint = f"'{name}' is already {seen[name]}", f"name it '{name}_2', say"
            expected = "a name of its own for every node and input"
            raise DuplicateNode(f"{place}: the name '{name}' is taken", expected=expected, received=received, hint=hint)
        seen[name] = place


def _check_edges(level: Level) -> None:
    names = level.names
    for index, each in enumerate(level.nodes):
        contract = contract_of(type(each.component))
        for source in each.inputs or ():
            if source not in names:
                problem = f"{level.places[index]} reads from '{source}', which does not exist"
                raise dangling(problem, source, names)
        wanted, given = contract.inputs, len(each.inputs or ())
        if (wanted is None and given == 0) or (wanted is not None and len(wanted) != given):
            raise GraphError(
                f"{level.where(index)} reads from {given} {'node' if given == 1 else 'nodes'}",
                expected="one input or more" if wanted is None else f"{len(wanted)}: {', '.join(wanted)}",
                received=", ".join(each.inputs or ()) or "none",
                hint="node(component, 'first', 'second') names what it reads from",
            )
    if not level.outputs:
        raise GraphError("the network has no output", expected="output='name'", received="none")
    for output in level.outputs:
        if output not in names:
            raise dangling(f"the output '{output}' does not exist", output, names)


def _in_order(level: Level) -> list[int]:
    """Return the nodes' indices so that each comes after its sources, near the order in which they were written."""
    index_of = {name_of(each): index for index, each in enumerate(level.nodes)}
    behind = level.nodes_read
    before = {
        index: {index_of[behind[source]] for source in (each.inputs or ()) if source in behind}
        for index, each in enumerate(level.nodes)
    }
    if all(source < index for index, sources in before.items() for source in sources):
        return list(before)
    try:
        return list(graphlib.TopologicalSorter(before).static_order())
    except graphlib.CycleError as error:
        ring = [name_of(level.nodes[index]) for index in error.args[1]]
        problem = f"{level.inside}the nodes feed one another in a circle: " + " -> ".join(ring)
        expected, hint = "a graph in which no node depends on itself", "take one of these edges out"
        raise CycleError(problem, expected=expected, hint=hint) from None


def _check_reachable(level: Level) -> None:
    behind = level.nodes_read
    sources = {name_of(each): [behind.get(source, source) for source in (each.inputs or ())] for each in level.nodes}
    waiting = [behind.get(output, output) for output in level.outputs]
    used = set(waiting)
    while waiting:
        for source in sources.get(waiting.pop(), ()):
            if source not in used:
                used.add(source)
                waiting.append(source)
    lost = ", ".join(f"'{name}'" for name in [*level.inputs, *sources] if name not in used)
    if lost:
        where = "put it last: the last node is the output" if level.path else "name it as an output too"
        expected = "every node and input to lead to an output: " + ", ".join(level.outputs)
        problem, hint = f"{level.inside}no output depends on {lost}", f"take it out, or {where}"
        raise UnreachableNode(problem, expected=expected, hint=hint)
