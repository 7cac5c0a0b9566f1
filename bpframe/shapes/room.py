"""How much memory a network needs, known before any of it is taken."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.core.graph.graph import Graph, Shape
from bpframe.errors import GraphError
from bpframe.machine.memory import in_bytes, lacking_memory

__all__ = ["no_room", "require_room"]

#: A length of so many bits is written out, a longer one is not.
MOST_BITS = 1024


def require_room(graph: Graph, dtype: np.dtype[Any]) -> None:
    """Refuse a network whose parameters and state, or the values of one example, memory does not hold.

    The largest array is drawn in float64 before it is rounded. Errors: GraphError that names the node and the bytes.
    """
    held = _held(graph)
    values = max(map(math.prod, _values(graph).values()), default=0)
    drawn = max(map(math.prod, held.values()), default=0)
    needed = dtype.itemsize * sum(map(math.prod, held.values())) + max(8 * drawn, dtype.itemsize * values)
    if (lacking := lacking_memory(needed)) is not None:
        raise no_room(graph, lacking, in_bytes(needed))


def no_room(graph: Graph, expected: str, received: str) -> GraphError:
    """Return the error for a network that does not fit into memory, with its largest array."""
    held = _held(graph)
    shapes = {**_values(graph), **held}
    path = max(shapes, key=lambda each: math.prod(shapes[each]))
    node = {each.name: each for each in graph.nodes}.get(path.rpartition(".")[0] if path in held else path)
    return GraphError(
        "the network does not fit into memory",
        expected=expected,
        received=f"{received}; {'' if path in held else 'one example of '}'{path}' has the shape {_told(shapes[path])}"
        + (f", in {node.where}" if node is not None else ""),
        hint="fewer units, filters or tokens, or a smaller input",
    )


def _held(graph: Graph) -> dict[str, Shape]:
    """Return the shapes of parameters and state by path."""
    found = {path: each.shape for path, each in graph.all_parameters.items()}
    return found | {f"{node.name}.{name}": each.shape for node in graph.nodes for name, each in node.state.items()}


def _values(graph: Graph) -> dict[str, Shape]:
    """Return the shapes of one example's values by name, without those that an open axis leaves open."""
    return {name: shape for name, shape in graph.shapes.items() if None not in shape}


def _told(shape: Shape) -> str:
    """Return a shape in words: Python writes no number of thousands of digits."""
    told = [str(size) if size.bit_length() <= MOST_BITS else f"over 2^{size.bit_length() - 1}" for size in shape]
    return f"({', '.join(told)}{',' if len(told) == 1 else ''})"
