"""The nodes of a graph as reports show them: a block as one node, or unfolded to those that it is made of.

A node of several outputs is one node in either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bpframe.core.graph.graph import Graph, InlinedBlock, Node, Shape, batched
from bpframe.core.graph.outputs import Part

__all__ = ["Folded", "ShownNode"]


@dataclass(frozen=True)
class ShownNode:
    """A node, or a block that is shown as one: `nodes` are those of the graph that it stands for.

    `owner` is whose parameters it uses; `sources` are the values that it reads, by their names in the graph. `outputs`
    has the shapes of several.
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    output_shape: Shape
    outputs: Mapping[str, Shape]
    owner: str
    nodes: tuple[Node, ...]
    is_block: bool

    @property
    def shapes(self) -> str:
        """What messages show of the output: `(N, 3)`, or `h (N, 3), c (N, 3)`."""
        if not self.outputs:
            return batched(self.output_shape)
        return ", ".join(f"{name} {batched(shape)}" for name, shape in self.outputs.items())


class Folded:
    """What reports show of a graph: `nodes` in order, and the names of values there."""

    def __init__(self, graph: Graph, unfold: bool) -> None:
        blocks = () if unfold else tuple(_outermost(graph))
        inside = {name: block for block in blocks for name in block.nodes}
        self._blocks = {block.output: block.name for block in blocks}
        self._behind: dict[str, str] = {}
        found: dict[str, ShownNode] = {}
        for node in graph.nodes:
            block = inside.get(node.name)
            name = block.name if block is not None else node.name
            if block is None and isinstance(node.component, Part):
                name = node.sources[0]
            self._behind[node.name] = name
            if name not in found:
                found[name] = _shown(graph, node, block)
        self.nodes = tuple(found.values())

    def value(self, name: str) -> str:
        """Return what a value is called: a block's output by the block's name."""
        return self._blocks.get(name, name)

    def behind(self, value: str) -> str:
        """Return the node, or input, that a value comes from."""
        return self._behind.get(value, value)


def _shown(graph: Graph, node: Node, block: InlinedBlock | None) -> ShownNode:
    if block is not None:
        nodes = tuple(graph.by_name[each] for each in block.nodes)
        shape = graph.shapes[block.output]
        return ShownNode(block.name, block.component.kind, block.sources, shape, {}, block.owner, nodes, True)
    outputs = {name: graph.shapes[f"{node.name}.{name}"] for name in node.outputs}
    return ShownNode(
        node.name, node.component.kind, node.sources, node.output_shape, outputs, node.owner, (node,), False
    )


def _outermost(graph: Graph) -> list[InlinedBlock]:
    """Return the blocks that stand in no other one."""
    found: list[InlinedBlock] = []
    covered: set[str] = set()
    for block in reversed(graph.blocks.values()):  # those that hold others come after them
        if not covered.issuperset(block.nodes):
            found.append(block)
            covered.update(block.nodes)
    return found
