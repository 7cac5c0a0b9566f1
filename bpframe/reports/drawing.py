"""Pictures of a graph: Mermaid text, and a drawing with networkx and matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bpframe.core.graph.graph import Graph, batched
from bpframe.errors import MissingExtra
from bpframe.reports.folding import Folded
from bpframe.training.figures import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw", "mermaid"]


def mermaid(graph: Graph, unfold: bool) -> str:
    """Return a flowchart in Mermaid's language: inputs round, nodes square, costs hexagonal; edges carry shapes.

    A block is one node with a double border; with `unfold` its nodes are drawn.
    """
    folded = Folded(graph, unfold)
    nodes = folded.nodes
    ids = {name: f"v{i}" for i, name in enumerate([*graph.inputs, *(node.name for node in nodes)])}
    lines = ["flowchart LR"]
    lines += [f'    {ids[name]}(["{name}"])' for name in graph.inputs]
    for node in nodes:
        left, right = ("[[", "]]") if node.is_block else ("[", "]")
        lines.append(f'    {ids[node.name]}{left}"{node.name}<br/>{node.kind}"{right}')
    for node in nodes:
        for source in node.sources:
            shape = batched(graph.shapes[source])
            lines.append(f'    {ids[folded.behind(source)]} -- "{shape}" --> {ids[node.name]}')
        if node.owner != node.name:
            lines.append(f'    {ids[node.owner]} -. "parameters" .-> {ids[node.name]}')
    for i, (output, cost) in enumerate(graph.cost.items()):
        lines.append(f'    c{i}{{{{"{cost.kind}"}}}}')
        lines.append(f"    {ids[folded.behind(output)]} --> c{i}")
    return "\n".join(lines) + "\n"


def draw(graph: Graph, path: str | Path | None, unfold: bool) -> Figure:
    """Draw the graph from left to right, each node as far right as its longest path from an input.

    A block is one node; with `unfold` its nodes are drawn.

    Errors: MissingExtra (without matplotlib and networkx, which the extra `plot` installs); DataError (the
    picture cannot be written).
    """
    try:
        import networkx as nx
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(f"drawing needs {error.name}", hint='pip install "bpframe[plot]"') from error
    picture: nx.DiGraph[str] = nx.DiGraph()
    column: dict[str, int] = {}
    labels: dict[str, str] = {}
    for name, shape in graph.inputs.items():
        column[name], labels[name] = 0, f"{name}\n{batched(shape)}"
    folded = Folded(graph, unfold)
    nodes, outputs = folded.nodes, set(map(folded.behind, graph.outputs))
    for node in nodes:
        column[node.name] = 1 + max(column[folded.behind(source)] for source in node.sources)
        labels[node.name] = f"{node.name}\n{node.kind}\n{node.shapes}"
    for name, at in column.items():
        picture.add_node(name, column=at)
    for node in nodes:
        picture.add_edges_from((folded.behind(source), node.name) for source in node.sources)
    positions = nx.multipartite_layout(picture, subset_key="column", align="vertical")
    columns = max(column.values()) + 1
    rows = max(list(column.values()).count(at) for at in column.values())
    figure = Figure(figsize=(1.6 * columns + 0.6, 1.3 * rows + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.margins(0.15)
    nx.draw_networkx_edges(picture, positions, ax=axes, node_size=3600, edge_color="#7a7a7a", arrowsize=14)
    for name, label in labels.items():
        face = "#e3eefc" if name in graph.inputs else "#fdf3dc" if name not in outputs else "#e2f4e3"
        axes.text(
            float(positions[name][0]), float(positions[name][1]), label, ha="center", va="center", fontsize=8,
            bbox={"boxstyle": "round,pad=0.5", "facecolor": face, "edgecolor": "#7a7a7a"},
        )  # fmt: skip
    if path is not None:
        save_figure(figure, path, dpi=150)
    return figure
