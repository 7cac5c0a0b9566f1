"""Whether padding is left out where it is declared: a layer that mixes positions reads a mask, or padding counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bpframe.core.graph.graph import Graph
from bpframe.errors import GraphError

__all__ = ["check_padding"]


def check_padding(graph: Graph) -> None:
    """Refuse layers and blocks that mix positions, without a mask, of what has declared padding.

    A component says by `has_padding`, true, that some positions of its output are padding. One that mixes positions
    says by `masked_instead: ClassVar[Mapping[str, str]]`, for each input whose positions it mixes, what reads a mask
    beside it. Positions last as long as the first of several axes stays.

    Errors: GraphError.
    """
    padded = _padded(graph)
    for where, component, sources in _readers(graph):
        instead: Mapping[str, str] = getattr(component, "masked_instead", {})
        for key, source in sources.items():
            if key in instead and source in padded:
                node = graph.by_name[padded[source]]
                mask = node.sources[0]
                raise GraphError(
                    f"{where} would count padding, which {node.where} declares: it reads '{source}' without a mask",
                    expected=f"a layer that reads a mask or lengths, such as '{mask}', beside '{source}'",
                    hint=f"{instead[key]}, with the inputs '{source}' and '{mask}'; or no padding in '{node.name}', "
                    "where 0 is a token like all others",
                )


def _padded(graph: Graph) -> dict[str, str]:
    """Return the values that have positions of padding, with the node that declares it."""
    found: dict[str, str] = {}
    lengths: dict[str, int | None] = {}
    for node in graph.nodes:
        if getattr(node.component, "has_padding", False):
            found[node.name], lengths[node.name] = node.name, node.output_shape[0]
        for source in node.sources:
            kept = len(node.output_shape) > 1 and source in found and node.output_shape[0] == lengths[source]
            if source in found and (kept or node.outputs):  # of several outputs in a row, each part is looked at
                found[node.name], lengths[node.name] = found[source], lengths[source]
    return found


def _readers(graph: Graph) -> Iterator[tuple[str, object, dict[str, str]]]:
    """Return where, what and which values by its inputs, of blocks, outer ones first, and nodes."""
    for block in reversed(graph.blocks.values()):
        where = f"{block.place} ({block.component.kind})"
        yield where, block.component, dict(zip(block.component.inputs, block.sources, strict=True))
    for node in graph.nodes:
        yield node.where, node.component, dict(zip(node.input_keys, node.sources, strict=True))
