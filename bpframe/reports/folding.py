"""The nodes of a graph as reports show them: a block as one node, or unfolded to those that it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from bpframe.core.graph.graph import Graph, InlinedBlock, Node, Shape

__all__ = ["ShownNode", "shown_names", "shown_nodes"]


@dataclass(frozen=True)
class ShownNode:
    """A node, or a block that is shown as one: `nodes` are those of the graph that it stands for.

    `owner` is whose parameters it uses, and `sources` are the names that reports show.
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    output_shape: Shape
    owner: str
    nodes: tuple[Node, ...]
    is_block: bool


def shown_names(graph: Graph, unfold: bool) -> dict[str, str]:
    """Return, of every value that another name stands for in reports, that name."""
    return {} if unfold else {block.output: block.name for block in _outermost(graph)}


def shown_nodes(graph: Graph, unfold: bool) -> tuple[ShownNode, ...]:
    """Return what reports show of a graph, in order."""
    names = shown_names(graph, unfold)
    blocks = {} if unfold else {name: block for block in _outermost(graph) for name in block.nodes}
    found: dict[str, ShownNode] = {}
    for node in graph.nodes:
        block = blocks.get(node.name)
        name, sources = (node.name, node.sources) if block is None else (block.name, block.sources)
        if name in found:
            continue
        found[name] = ShownNode(
            name=name,
            kind=(node if block is None else block).component.kind,
            sources=tuple(names.get(source, source) for source in sources),
            output_shape=graph.shapes[graph.value_of(name)],
            owner=(node if block is None else block).owner,
            nodes=(node,) if block is None else tuple(graph.by_name[each] for each in block.nodes),
            is_block=block is not None,
        )
    return tuple(found.values())


def _outermost(graph: Graph) -> list[InlinedBlock]:
    """Return the blocks that stand in no other one."""
    found: list[InlinedBlock] = []
    covered: set[str] = set()
    for block in reversed(graph.blocks.values()):  # those that hold others come after them
        if not covered.issuperset(block.nodes):
            found.append(block)
            covered.update(block.nodes)
    return found
