"""From a network's description to its graph: every mistake in the wiring and the shapes is found here.

No array exists yet.
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bpframe.core.component import Cost, Layer, Parameter, State, contract_of
from bpframe.core.component.domain import integers_of
from bpframe.core.component.parameter import checked_shape
from bpframe.core.graph.description import NetworkSpec, NodeSpec
from bpframe.core.graph.freezing import with_frozen
from bpframe.core.graph.graph import Graph, Node, Shape, asked_words, batched
from bpframe.errors import (
    BpframeError,
    ContractError,
    CycleError,
    DanglingInput,
    DuplicateNode,
    GraphError,
    ShapeMismatch,
    UnreachableNode,
    did_you_mean,
)
from bpframe.validation.intervals import Interval

__all__ = ["build_graph"]


def build_graph(spec: NetworkSpec) -> Graph:
    """Check a network's description and put its nodes in order.

    Raises
    ------
    DuplicateNode, DanglingInput, CycleError, UnreachableNode, ShapeMismatch, GraphError, ContractError, SpecError

    """
    _check_names(spec)
    _check_edges(spec)
    order = _ordered(spec)
    _check_reachable(spec)
    shapes: dict[str, Shape] = {name: tuple(shape) for name, shape in spec.inputs.items()}
    built: dict[str, Node] = {}
    for index in order:
        node = _node(spec, index, shapes, built)
        shapes[node.name] = node.output_shape
        built[node.name] = node
    untrained = {_name(each) for each in spec.nodes if not each.trainable}
    nodes = with_frozen(tuple(built.values()), untrained, spec.frozen)
    targets = {output: _cost_shape("target_shape", output, cost, shapes) for output, cost in spec.cost.items()}
    weights = {
        output: _cost_shape("weight_shape", output, cost, shapes, targets[output])
        for output, cost in spec.cost.items()
        if asked_words(cost)
    }
    integers = _integer_domains(spec, nodes)
    return Graph(dict(spec.inputs), integers, nodes, spec.outputs, dict(spec.cost), targets, weights)


def _name(node: NodeSpec) -> str:
    return node.name or node.component.kind


def _sources(node: NodeSpec) -> tuple[str, ...]:
    return node.inputs or ()


def _where(spec: NetworkSpec, index: int) -> str:
    return f"{spec.place(index)} ({spec.nodes[index].component.kind})"


def _check_names(spec: NetworkSpec) -> None:
    seen: dict[str, str] = dict.fromkeys(spec.inputs, "an input")
    for index, each in enumerate(spec.nodes):
        name = _name(each)
        if name in seen:
            raise DuplicateNode(
                f"{spec.place(index)}: the name '{name}' is taken",
                expected="a name of its own for every node and input",
                received=f"'{name}' is already {seen[name]}",
                hint=f"name it '{name}_2', say",
            )
        seen[name] = spec.place(index)


def _check_edges(spec: NetworkSpec) -> None:
    names = [*spec.inputs, *map(_name, spec.nodes)]
    for index, each in enumerate(spec.nodes):
        contract = contract_of(type(each.component))
        for source in _sources(each):
            if source not in names:
                raise _dangling(f"{spec.place(index)} reads from '{source}', which does not exist", source, names)
        wanted, given = contract.inputs, len(_sources(each))
        if (wanted is None and given == 0) or (wanted is not None and len(wanted) != given):
            raise GraphError(
                f"{_where(spec, index)} reads from {given} {'node' if given == 1 else 'nodes'}",
                expected="one input or more" if wanted is None else f"{len(wanted)}: {', '.join(wanted)}",
                received=", ".join(_sources(each)) or "none",
                hint="node(component, 'first', 'second') names what it reads from",
            )
    if not spec.outputs:
        raise GraphError("the network has no output", expected="output='name'", received="none")
    for output in spec.outputs:
        if output not in names:
            raise _dangling(f"the output '{output}' does not exist", output, names)
    if len(set(spec.outputs)) != len(spec.outputs):
        raise GraphError("an output is named twice", received=", ".join(spec.outputs))


def _dangling(problem: str, name: str, names: list[str]) -> DanglingInput:
    hint = did_you_mean(name, names)
    return DanglingInput(problem, expected="one of " + ", ".join(names), received=name, hint=hint)


def _ordered(spec: NetworkSpec) -> list[int]:
    """Return the nodes' indices so that each comes after its sources, near the order in which they were written."""
    index_of = {_name(each): index for index, each in enumerate(spec.nodes)}
    before = {
        index: {index_of[source] for source in _sources(each) if source in index_of}
        for index, each in enumerate(spec.nodes)
    }
    if all(source < index for index, sources in before.items() for source in sources):
        return list(before)
    try:
        return list(graphlib.TopologicalSorter(before).static_order())
    except graphlib.CycleError as error:
        ring = [_name(spec.nodes[index]) for index in error.args[1]]
        raise CycleError(
            "the nodes feed one another in a circle: " + " -> ".join(ring),
            expected="a graph in which no node depends on itself",
            hint="take one of these edges out",
        ) from None


def _check_reachable(spec: NetworkSpec) -> None:
    sources = {_name(each): _sources(each) for each in spec.nodes}
    waiting, used = list(spec.outputs), set(spec.outputs)
    while waiting:
        for source in sources.get(waiting.pop(), ()):
            if source not in used:
                used.add(source)
                waiting.append(source)
    lost = [name for name in [*spec.inputs, *sources] if name not in used]
    if lost:
        raise UnreachableNode(
            "no output depends on " + ", ".join(f"'{name}'" for name in lost),
            expected="every node and input to lead to an output: " + ", ".join(spec.outputs),
            hint="name it as an output too, or take it out",
        )


def _node(spec: NetworkSpec, index: int, shapes: Mapping[str, Shape], built: Mapping[str, Node]) -> Node:
    each = spec.nodes[index]
    component, contract = each.component, contract_of(type(each.component))
    where = _where(spec, index)
    input_shapes = tuple(shapes[source] for source in _sources(each))
    read_from = ", ".join(f"'{source}' {batched(shapes[source])}" for source in _sources(each))
    output_shape = checked_shape(
        ask_shape(component, "output_shape", input_shapes, where, read_from, default=input_shapes[0]),
        f"{where}: output_shape",
    )
    parameters = ask_shape(component, "parameters", input_shapes, where, read_from, default={})
    state = ask_shape(component, "initial_state", input_shapes, where, read_from, default={})
    _check_mapping(parameters, Parameter, f"{where}: parameters")
    _check_mapping(state, State, f"{where}: initial_state")
    for name in parameters:
        if "." in name or name in (contract.inputs or ()):
            raise ContractError(f"{where}: a parameter cannot be called '{name}'", expected="a name that no input has")
    owner = _name(each) if each.share is None else _owner(spec, each, parameters, built, where)
    return Node(
        _name(each), spec.place(index), component, contract, _sources(each), input_shapes, output_shape,
        parameters, owner, state,
    )  # fmt: skip


def ask_shape(
    component: Layer, method: str, shapes: tuple[Shape, ...], where: str, read_from: str, default: Any
) -> Any:
    """Call one of the shape methods (`output_shape`, `parameters`, `initial_state`) with the words that it asks for."""
    contract = contract_of(type(component))
    if method not in contract:
        return default
    words: dict[str, Any] = {"shapes": shapes}
    signature = contract.methods[method]
    for word in filter(signature.asks_for, ("shape", "features")):
        if len(shapes) != 1:
            raise ContractError(
                f"{where}: {method} asks for '{word}', but there are {len(shapes)} inputs", hint="ask for 'shapes'"
            )
        if word == "features" and not shapes[0]:
            expected = "at least one feature axis: (N, features)"
            raise ShapeMismatch(f"{where} cannot take its input", expected=expected, received=read_from)
        words[word] = shapes[0] if word == "shape" else shapes[0][-1]
    with _told(where, method, read_from):
        return signature.call(getattr(component, method), words)


@contextmanager
def _told(where: str, method: str, read_from: str) -> Iterator[None]:
    """Say of an error in a component's method where it came from, and what the component was to read."""
    try:
        yield
    except BpframeError as error:
        raise type(error)(
            f"{where} cannot take its input: {error.problem}",
            expected=error.expected,
            received=error.received or read_from,
            rows=error.rows,
            hint=error.hint,
        ) from error
    except Exception as error:
        raise ContractError(
            f"{where}: {method} failed: {type(error).__name__}: {error}",
            received=read_from,
            hint="raise bpframe.extend.ShapeMismatch for an input that the component cannot take",
        ) from error


def _check_mapping(value: object, kind: type, what: str) -> None:
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) and isinstance(item, kind) for name, item in value.items()
    ):
        raise ContractError(
            f"{what} did not return a mapping", expected=f"names to {kind.__name__}(shape, ...)", received=repr(value)
        )


def _owner(
    spec: NetworkSpec, each: NodeSpec, parameters: Mapping[str, Parameter], built: Mapping[str, Node], where: str
) -> str:
    components = {_name(other): other.component for other in spec.nodes}
    if each.share not in components or each.share == _name(each):
        raise _dangling(f"{where} shares the parameters of '{each.share}'", str(each.share), list(components))
    wanted, given = each.component, components[each.share]
    refused = f"{where} cannot share the parameters of '{each.share}'"
    if type(given) is not type(wanted):
        raise GraphError(refused, expected=f"another {wanted.kind}", received=given.kind)
    if each.share not in built:
        raise GraphError(
            f"{where} shares the parameters of '{each.share}', which comes after it",
            hint=f"let '{each.share}' share the parameters of '{_name(each)}' instead",
        )
    owner = built[each.share]
    mine, theirs = ({name: each.shape for name, each in part.items()} for part in (parameters, owner.parameters))
    if mine != theirs:
        raise ShapeMismatch(refused, expected=str(theirs), received=str(mine))
    return owner.owner


def _integer_domains(spec: NetworkSpec, nodes: tuple[Node, ...]) -> dict[str, Interval]:
    """Return the network inputs that hold integers, those that every reader takes as integers, and their values."""
    as_integers: dict[str, bool] = {}
    domains: dict[str, Interval] = {}
    for node in nodes:
        for key, source in zip(node.input_keys, node.sources, strict=True):
            wanted = key in node.component.integer_inputs
            if source in spec.inputs and as_integers.setdefault(source, wanted) != wanted:
                raise GraphError(
                    f"the input '{source}' is read as integers by one node and as floating-point numbers by another",
                    hint="give the network two inputs",
                )
            if not wanted:
                continue
            if source not in spec.inputs:
                raise GraphError(
                    f"{node.place} reads integers from '{source}', which computes floating-point numbers",
                    expected="an input of the network",
                    received=f"node '{source}'",
                )
            low, high = integers_of(node.component, key, node.input_keys)
            before = domains.get(source, (low, high))
            domains[source] = found = max(low, before[0]), min(high, before[1])
            if found[0] >= found[1]:
                raise GraphError(
                    f"no integer of the input '{source}' suits all nodes that read it",
                    expected=f"low <= n < high with ({low:g}, {high:g}), for {node.where}",
                    received=f"({before[0]:g}, {before[1]:g}), for the nodes before",
                    hint="give the network two inputs",
                )
    return domains


def _cost_shape(
    method: str, output: str, cost: Cost, shapes: Mapping[str, Shape], default: Shape | None = None
) -> Shape:
    """Return the feature shape of what a cost wants beside an output: of targets, or of weights."""
    methods, shape = contract_of(type(cost)).methods, shapes[output]
    if method not in methods:
        return shape if default is None else default
    where = f"the cost of '{output}' ({cost.kind})"
    with _told(where, method, f"'{output}' {batched(shape)}"):
        found = methods[method].call(getattr(cost, method), {"shape": shape})
    return checked_shape(found, f"{where}: {method}")
