"""What a network is made of, as plain validated data: no array, no file, no registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bpframe.core.component import Component, Cost, Layer
from bpframe.core.component.base import Resolver, no_instance
from bpframe.errors import DuplicateNode, GraphError, SpecError
from bpframe.validation.mistakes import Wanted, moved_up, shortened
from bpframe.validation.model import Validated

__all__ = ["NODE_KEYS", "Name", "NetworkSpec", "NodeSpec", "Shape", "network_spec", "node"]

Name = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$"),
    Wanted("a name of letters, digits, _ and -, that begins with a letter or _"),
]
Shape = tuple[PositiveInt, ...]

#: What a node says in a file beside its component's kind and fields.
NODE_KEYS = ("name", "inputs", "share")

#: The name of a network's input where the user gave only its shape.
DEFAULT_INPUT = "x"


def _dtype_name(value: Any) -> Any:
    """Take NumPy's own ways to say it, `np.float32` or `np.dtype("float32")`, for the name."""
    return np.dtype(value).name if isinstance(value, type | np.dtype) else value


class NodeSpec(Validated):
    """One node: a component, its name, the names it reads from, and whose parameters it uses.

    In a file, a node is one mapping: the component's `kind` and fields, and beside them the node's own keys.
    """

    component: Layer
    name: Name | None = Field(None, description="Name of the node; made from the kind where it is left out.")
    inputs: tuple[str, ...] | None = Field(
        None, description="Names of the nodes and inputs that it reads from; the node before, where left out in a list."
    )
    share: str | None = Field(None, description="Name of another node of the same kind, whose parameters it uses.")

    @model_validator(mode="wrap")
    @classmethod
    def _apart(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """Read a file's mapping: the node's own keys, and what is left describes the component."""
        if not isinstance(info.context, Resolver) or isinstance(data, NodeSpec):
            return handler(data)
        own: dict[str, Any] = {}
        if isinstance(data, Mapping):
            own = {key: data[key] for key in NODE_KEYS if key in data}
            data = {key: value for key, value in data.items() if key not in own}
        try:
            return handler({"component": data, **own})
        except ValidationError as error:
            raise moved_up(error, "component", NODE_KEYS) from None

    @field_validator("inputs", mode="before")
    @classmethod
    def _one_name(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class NetworkSpec(Validated):
    """A whole network: inputs with their feature shapes, named nodes, outputs, and a cost for each output."""

    _place: ClassVar[str] = "network"

    inputs: dict[Name, Shape]
    nodes: tuple[NodeSpec, ...]
    outputs: tuple[str, ...]
    cost: dict[str, Cost] = Field(default_factory=dict)
    dtype: Annotated[Literal["float32", "float64"], BeforeValidator(_dtype_name)] = "float64"
    seed: NonNegativeInt = 0

    @property
    def is_chain(self) -> bool:
        """Whether every node reads from the one before, so that the network can be written as a list of layers."""
        names = [*list(self.inputs)[:1], *(each.name for each in self.nodes)]
        return (
            len(self.inputs) == 1
            and self.outputs == (names[-1],)
            and all(each.inputs == (names[i],) for i, each in enumerate(self.nodes))
        )

    def place(self, index: int) -> str:
        """Return how messages name a node: `layers[3] 'head'` in a list of layers, else `node 'head'`."""
        name = self.nodes[index].name
        return f"layers[{index}] '{name}'" if self.is_chain else f"node '{name}'"


def node(component: Layer, *inputs: str, name: str | None = None, share: str | None = None) -> NodeSpec:
    """Return a node: a component with the names of what it reads from.

    Without inputs it reads from the node before it. `share` names another node of the same component class, whose
    parameters this one uses.

    Examples
    --------
    `node(Add(), "left", "right", name="total")`

    """
    if not isinstance(component, Layer):
        raise no_instance(Layer, component, "node()")
    return NodeSpec(component=component, inputs=inputs or None, name=name, share=share)


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
    )


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
        named.append(NodeSpec(component=draft.component, name=name, inputs=draft.inputs, share=draft.share))
    return named


def _only_sink(named: Sequence[NodeSpec], inputs: Iterable[str]) -> str:
    read = {source for each in named for source in each.inputs or ()}
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
