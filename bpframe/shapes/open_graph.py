"""A graph some axes of which are open: what holds at every length, found by building it at two.

An input (N, ?, 2) becomes (N, 12, 2) and (N, 24, 2). What then differs is open, and what agrees is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from bpframe.core.component.parameter import checked_shape
from bpframe.core.graph.building import build_graph
from bpframe.core.graph.description import NetworkSpec
from bpframe.core.graph.graph import Graph, Shape, batched
from bpframe.errors import BpframeError, ContractError, ShapeMismatch
from bpframe.validation.array_fields import same
from bpframe.validation.open_shapes import fits

__all__ = ["OpenGraph", "at_shapes", "check_parameters", "closed_graph", "closed_shapes", "graph_of"]

#: Lengths that are tried for the open axes, until a network can be built at two of them: small ones that many pools and
#: strides divide, powers of two, odd ones; then long ones, for long kernels, that most strides divide.
LENGTHS = (12, 24, 60, 16, 32, 64, 120, 256, 7, 5, 3, 2, 1, 101, 1024, 5040, 10080, 65536, 720720)


def at_shapes(spec: NetworkSpec, shapes: Mapping[str, Shape]) -> NetworkSpec:
    """Return a network's description with these feature shapes of its inputs."""
    return spec.model_copy(update={"inputs": dict(shapes)})


@dataclass(frozen=True)
class OpenGraph(Graph):
    """A graph with None for the length of each open axis, and `closed`, one of those that it stands for."""

    closed: Graph = field(kw_only=True)


def graph_of(spec: NetworkSpec) -> Graph:
    """Return the graph of a network, an `OpenGraph` where an axis is open.

    Errors: those of `build_graph`; ContractError for a parameter or state that depends on an open axis; ShapeMismatch
    where the network can be built at one length alone.
    """
    is_open = any(None in shape for shape in spec.inputs.values())
    return _open_graph(spec) if is_open else build_graph(spec)


def closed_graph(graph: Graph) -> Graph:
    """Return the graph itself, or of an open one that of one length."""
    return graph.closed if isinstance(graph, OpenGraph) else graph


def closed_shapes(
    graph: Graph, input_shape: Sequence[int] | None, inputs: Mapping[str, Sequence[int]] | None
) -> dict[str, Shape]:
    """Return the feature shapes of all inputs, from that of the only one or those by name.

    Errors: ShapeMismatch for shapes that are none of the graph's; ContractError for what is no shape.
    """
    given: Mapping[str, Any] = dict.fromkeys(graph.inputs, input_shape) if inputs is None else inputs
    shapes = {name: checked_shape(shape, f"the shape of '{name}'") for name, shape in given.items()}
    if shapes.keys() == graph.inputs.keys() and all(fits(shapes[name], shape) for name, shape in graph.inputs.items()):
        return {name: shapes[name] for name in graph.inputs}
    raise ShapeMismatch(
        "these are no shapes of the network's inputs", expected=_called(graph.inputs), received=_called(shapes)
    )


def _open_graph(spec: NetworkSpec) -> OpenGraph:
    built: list[Graph] = []
    refused: BpframeError | None = None
    for length in LENGTHS:
        try:
            built.append(build_graph(at_shapes(spec, _filled(spec, length))))
        except (ShapeMismatch, ContractError) as error:
            refused = refused or error
        if len(built) == 2:
            break
    if not built and refused is not None:
        raise refused
    if len(built) == 1:
        raise ShapeMismatch(
            "the network cannot be built at several lengths of its open axes",
            expected=f"two of the lengths {', '.join(map(str, LENGTHS))}, at least",
            received=f"one: {_called(built[0].inputs)}",
            hint="give these axes a length in place of None",
        ) from refused
    first, second = built
    check_parameters(first, second)
    shapes: dict[str, Any] = {name: _merged(shape, second.shapes[name]) for name, shape in first.shapes.items()}
    shapes |= spec.inputs

    def read(sources: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple(shapes[source] for source in sources)

    merged = replace(
        first,
        inputs=dict(spec.inputs),
        nodes=tuple(
            replace(node, input_shapes=read(node.sources), output_shape=shapes[node.name]) for node in first.nodes
        ),
        blocks={name: replace(block, input_shapes=read(block.sources)) for name, block in first.blocks.items()},
        target_shapes=_merged_each(first.target_shapes, second.target_shapes),
        weight_shapes=_merged_each(first.weight_shapes, second.weight_shapes),
    )
    return OpenGraph(**{each.name: getattr(merged, each.name) for each in fields(merged)}, closed=first)


def check_parameters(graph: Graph, other: Graph) -> None:
    """Refuse a network whose nodes, parameters and state, or what is shared or trained of them, depend on a length.

    Errors: ContractError that names the node and the parameter.
    """
    where = _called(graph.inputs), _called(other.inputs)
    if [node.name for node in graph.nodes] != [node.name for node in other.nodes]:
        names = [", ".join(node.name for node in each.nodes) for each in (graph, other)]
        raise _depends("which nodes there are", names, where)
    for node, again in zip(graph.nodes, other.nodes, strict=True):
        if node.owner != again.owner:
            raise _depends(f"{node.where}: whose parameters it uses", [node.owner, again.owner], where)
        for what, one, two in (("parameter", node.parameters, again.parameters), ("state", node.state, again.state)):
            if one.keys() != two.keys():
                names = [", ".join(each) or "none" for each in (one, two)]
                raise _depends(f"{node.where}: which {what}s there are", names, where)
            for name, each in one.items():
                if not same(vars(each), vars(two[name])):
                    values = [str(each.shape), str(two[name].shape)]
                    if len(set(values)) == 1:
                        values = [repr(each), repr(two[name])]
                    raise _depends(f"{node.where}: the {what} '{name}'", values, where)
        trained = [(each.trainable, ", ".join(each.trained) or "nothing") for each in (node, again)]
        if trained[0] != trained[1]:
            values = [names if reached else "nothing" for reached, names in trained]
            raise _depends(f"{node.where}: what of it is trained", values, where)


def _depends(what: str, values: Sequence[str], where: Sequence[str]) -> ContractError:
    return ContractError(
        f"{what} depends on the length of an open axis",
        expected="the same at every length, since all lengths share it",
        received=", ".join(f"{each} for {inputs}" for each, inputs in zip(values, where, strict=True)),
        hint="give the axis a length in place of None, or take a layer that works along the other axes",
    )


def _called(shapes: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} {batched(shape)}" for name, shape in shapes.items())


def _filled(spec: NetworkSpec, length: int) -> dict[str, Shape]:
    return {name: tuple(length if size is None else size for size in shape) for name, shape in spec.inputs.items()}


def _merged(one: Shape, other: Shape) -> Any:
    """Return a shape with None where two differ. Errors: ShapeMismatch for another number of axes."""
    if len(one) != len(other):
        raise ShapeMismatch(
            "how many axes there are depends on the length of an open axis",
            expected="as many axes at every length",
            received=f"{batched(one)} and {batched(other)}",
        )
    return tuple(size if size == again else None for size, again in zip(one, other, strict=True))


def _merged_each(one: Mapping[str, Shape], other: Mapping[str, Shape]) -> dict[str, Any]:
    return {name: _merged(shape, other[name]) for name, shape in one.items()}
