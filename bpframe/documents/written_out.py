"""A network written out in full, from what a call or a spec file may leave out: names, sources, the only input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bpframe.core.component import Component, Cost, Layer, Penalty
from bpframe.core.component.base import no_instance
from bpframe.core.graph.description import NODE_KEYS, NetworkSpec, NodeSpec, node
from bpframe.errors import DuplicateNode, GraphError, SpecError
from bpframe.validation.mistakes import shortened

__all__ = ["DEFAULT_INPUT", "network_spec"]

#: The name of a network's input where the user gave only its shape.
DEFAULT_INPUT = "x"


def network_spec(
    layers: Iterable[Layer | NodeSpec] | None = None,
    *,
    nodes: Mapping[str, Layer | NodeSpec] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    input_shape: Sequence[int] | None = None,
    output: str | Sequence[str] | None = None,
    cost: Cost | Mapping[str, Cost] | None = None,
    dtype: Any = "float64",
    seed: int = 0,
    frozen: str | Sequence[str] = (),
    penalties: Mapping[str, Penalty] | None = None,
) -> NetworkSpec:
    """Write a network out in full: every node named, every input listed.

    Parameters
    ----------
    layers
        List of layers, activations or `node(...)`, each reading from the one before unless it says otherwise.
    nodes
        Mapping from names to `node(...)`; give this or `layers`.
    inputs
        Feature shapes of the inputs by name.
    input_shape
        Feature shape of the only input, then named `x`; give this or `inputs`.
    output
        Name of the output, or a list of names; the last layer's where it is left out.
    cost
        The output's cost, or a mapping from outputs to costs.
    dtype
        "float32" or "float64".
    seed
        Where every random stream of the network starts.
    frozen
        Patterns of the paths of parameters that are not trained, such as `encoder.*`.
    penalties
        Mapping from patterns of parameter paths to penalties, such as `{"*.w": L2(rate=1e-4)}`.

    Raises
    ------
    SpecError, GraphError

    """
    if (layers is None) == (nodes is None):
        raise SpecError(
            "a network is given as layers or as nodes", expected="one of the two", hint="Network([Dense(...)])"
        )
    if (inputs is None) == (input_shape is None):
        raise SpecError(
            "a network needs the feature shapes of its inputs",
            expected="input_shape=(784,), or inputs={'a': (1,), 'b': (1,)}",
            received="both" if inputs is not None else "neither",
        )
    shapes = {DEFAULT_INPUT: input_shape} if input_shape is not None else _mapping("inputs", inputs)
    named = _named_list(layers, shapes) if layers is not None else _named_mapping(_mapping("nodes", nodes))
    if not named:
        raise GraphError("a network needs at least one node", expected="a layer", received="none")
    if output is None:
        output = named[-1].name if layers is not None else _only_sink(named, shapes)
    if not isinstance(output, str | list | tuple):
        raise SpecError("output= wants the name of a node, or a list of names", received=shortened(output))
    outputs = (output,) if isinstance(output, str) else tuple(output)
    return NetworkSpec(
        inputs=shapes,
        nodes=tuple(named),
        outputs=outputs,
        cost=_costs(cost, outputs),
        dtype=dtype,
        seed=seed,
        frozen=frozen,
        penalties=_penalties(penalties),
    )


def _penalties(penalties: Mapping[str, Penalty] | None) -> dict[str, Penalty]:
    if isinstance(penalties, Penalty):
        raise SpecError(
            "penalties= wants a mapping from patterns of parameter paths",
            received=shortened(penalties),
            hint='penalties={"*.w": ...}',
        )
    found = {} if penalties is None else _mapping("penalties", penalties)
    for pattern, each in found.items():
        if not isinstance(each, Penalty):
            raise no_instance(Penalty, each, f"penalties[{pattern!r}]")
    return found


def _mapping(what: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise SpecError(f"{what}= wants a mapping from names", received=shortened(value))
    return dict(value)


def _named_list(layers: Iterable[Layer | NodeSpec], inputs: Mapping[str, object]) -> list[NodeSpec]:
    if not isinstance(layers, Iterable) or isinstance(layers, str | Mapping | Component):
        raise SpecError("layers= wants a list of layers", received=shortened(layers), hint="[Dense(...), Sigmoid()]")
    drafts = [_drafted(each, f"layers[{index}]") for index, each in enumerate(layers)]
    taken = {each.name for each in drafts} | set(inputs)
    before = next(iter(inputs)) if len(inputs) == 1 else None
    named: list[NodeSpec] = []
    numbers: dict[str, int] = {}
    for index, each in enumerate(drafts):
        name = each.name
        while name is None or (each.name is None and name in taken):
            kind = each.component.kind
            numbers[kind] = numbers.get(kind, 0) + 1
            name = f"{kind}_{numbers[kind]}"
        sources = each.inputs
        if sources is None:
            if before is None:
                raise GraphError(
                    f"layers[{index}] '{name}' does not say what it reads from",
                    expected="one of " + ", ".join(inputs),
                    hint=f"node({type(each.component).__name__}(...), {next(iter(inputs), 'x')!r})",
                )
            sources = (before,)
        named.append(each.model_copy(update={"name": name, "inputs": sources}))
        before = name
    return named


def _drafted(given: Layer | NodeSpec, place: str) -> NodeSpec:
    if not isinstance(given, Layer | NodeSpec):
        raise no_instance(Layer, given, place)
    return given if isinstance(given, NodeSpec) else node(given)


def _named_mapping(nodes: Mapping[str, Layer | NodeSpec]) -> list[NodeSpec]:
    named = []
    for name, each in nodes.items():
        draft = _drafted(each, f"node '{name}'")
        if draft.name not in (None, name):
            raise DuplicateNode(f"node '{name}' is also named '{draft.name}'", hint="leave name= out")
        if draft.inputs is None:
            raise GraphError(
                f"node '{name}' does not say what it reads from",
                hint=f"node({type(draft.component).__name__}(...), 'x')",
            )
        own = {key: getattr(draft, key) for key in NODE_KEYS if key != "name"}
        named.append(NodeSpec(component=draft.component, name=name, **own))
    return named


def _only_sink(named: Sequence[NodeSpec], inputs: Iterable[str]) -> str:
    behind = {f"{each.name}.{output}": str(each.name) for each in named for output in type(each.component).outputs}
    read = {behind.get(source, source) for each in named for source in each.inputs or ()}
    names = [str(each.name) for each in named]
    sinks = [name for name in names if name not in read]
    if len(sinks) == 1:
        return sinks[0]
    if not sinks or not read <= {*names, *inputs}:
        # A circle has no end, and a misspelt source leaves one too many: building tells of the mistake itself.
        return names[-1]
    raise GraphError(
        "the network does not say which node is its output",
        expected="output='name', or output=['name', ...]",
        received="nodes that nothing reads from: " + ", ".join(sinks),
    )


def _costs(cost: Cost | Mapping[str, Cost] | None, outputs: tuple[str, ...]) -> dict[str, Cost]:
    if cost is None:
        return {}
    if isinstance(cost, Cost):
        if len(outputs) != 1:
            raise GraphError(
                "a network of several outputs needs a cost by output",
                expected="cost={" + ", ".join(f"{name!r}: ..." for name in outputs) + "}",
                received=repr(cost),
            )
        return {outputs[0]: cost}
    if not isinstance(cost, Mapping):
        raise no_instance(Cost, cost, "cost=")
    for name, each in cost.items():
        if name not in outputs:
            raise GraphError(f"cost names '{name}', which is no output", expected=", ".join(outputs), received=name)
        if not isinstance(each, Cost):
            raise no_instance(Cost, each, f"cost[{name!r}]")
    return dict(cost)
