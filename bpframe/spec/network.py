"""What a network is made of, as plain validated data: no array, no file, no registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, NonNegativeInt, PositiveInt, StringConstraints

from bpframe.component import Component, Cost, Layer
from bpframe.errors import DuplicateNode, GraphError, SpecError

__all__ = ["Name", "NetworkSpec", "NodeSpec", "Shape", "network_spec", "node"]

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
Shape = tuple[PositiveInt, ...]

#: The name of a network's input where the user gave only its shape.
DEFAULT_INPUT = "x"


class NodeSpec(BaseModel):
    """One node: a component, its name, the names it reads from, and whose parameters it uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    component: InstanceOf[Layer]
    name: Name | None = None
    inputs: tuple[str, ...] | None = Field(None, description="Names that it reads from; the node before, if left out.")
    share: str | None = Field(None, description="Name of another node of the same kind, whose parameters it uses.")


class NetworkSpec(BaseModel):
    """A whole network: inputs with their feature shapes, named nodes, outputs, and a cost for each output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: dict[Name, Shape]
    nodes: tuple[NodeSpec, ...]
    outputs: tuple[str, ...]
    cost: dict[str, InstanceOf[Cost]] = Field(default_factory=dict)
    dtype: Literal["float32", "float64"] = "float64"
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
        raise SpecError(
            f"node() wants a layer or an activation, not {_described(component)}",
            expected="an instance such as Dense(units=30)",
            received=repr(component),
            hint=f"call the class: {component.__name__}(...)" if isinstance(component, type) else None,
        )
    return NodeSpec(component=component, inputs=inputs or None, name=name, share=share)


def network_spec(
    layers: Iterable[Layer | NodeSpec] | None = None,
    *,
    nodes: Mapping[str, Layer | NodeSpec] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    input_shape: Sequence[int] | None = None,
    output: str | Sequence[str] | None = None,
    cost: Cost | Mapping[str, Cost] | None = None,
    dtype: str = "float64",
    seed: int = 0,
) -> NetworkSpec:
    """Write a network out in full: every node named, every input listed.

    Parameters
    ----------
    layers : list of layers, activations or `node(...)`, each reading from the one before unless it says otherwise.
    nodes : mapping from names to `node(...)`; give this or `layers`.
    inputs, input_shape : feature shapes of the inputs by name, or of the only one (then named `x`).
    output : name of the output, or a list of names; the last layer's where it is left out.
    cost : the output's cost, or a mapping from outputs to costs.
    dtype : "float32" or "float64".
    seed : where every random stream of the network starts.

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
    shapes = {DEFAULT_INPUT: input_shape} if input_shape is not None else dict(inputs or {})
    named = _named_list(layers, shapes) if layers is not None else _named_mapping(nodes or {})
    if not named:
        raise GraphError("a network needs at least one node", expected="a layer", received="none")
    if output is None:
        output = named[-1].name if layers is not None else _only_sink(named)
    outputs = (output,) if isinstance(output, str) else tuple(output or ())
    return NetworkSpec(
        inputs={name: tuple(shape) for name, shape in shapes.items()},
        nodes=tuple(named),
        outputs=outputs,
        cost=_costs(cost, outputs),
        dtype=dtype,
        seed=seed,
    )


def _named_list(layers: Iterable[Layer | NodeSpec], inputs: Mapping[str, object]) -> list[NodeSpec]:
    drafts = [each if isinstance(each, NodeSpec) else node(each) for each in layers]
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


def _named_mapping(nodes: Mapping[str, Layer | NodeSpec]) -> list[NodeSpec]:
    named = []
    for name, each in nodes.items():
        draft = each if isinstance(each, NodeSpec) else node(each)
        if draft.name not in (None, name):
            raise DuplicateNode(f"node '{name}' is also named '{draft.name}'", hint="leave name= out")
        if draft.inputs is None:
            raise GraphError(
                f"node '{name}' does not say what it reads from",
                hint=f"node({type(draft.component).__name__}(...), 'x')",
            )
        named.append(NodeSpec(component=draft.component, name=name, inputs=draft.inputs, share=draft.share))
    return named


def _only_sink(named: Sequence[NodeSpec]) -> str:
    read = {source for each in named for source in each.inputs or ()}
    sinks = [str(each.name) for each in named if each.name not in read]
    if len(sinks) == 1:
        return sinks[0]
    raise GraphError(
        "the network does not say which node is its output",
        expected="output='name', or output=['name', ...]",
        received="nodes that nothing reads from: " + (", ".join(sinks) or "none"),
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
        raise SpecError(
            f"cost= wants a cost, not {_described(cost)}",
            expected="an instance such as QuadraticCost()",
            received=repr(cost),
        )
    for name, each in cost.items():
        if name not in outputs:
            raise GraphError(f"cost names '{name}', which is no output", expected=", ".join(outputs), received=name)
        if not isinstance(each, Cost):
            raise SpecError(f"cost[{name!r}] wants a cost, not {_described(each)}", received=repr(each))
    return dict(cost)


def _described(value: object) -> str:
    if isinstance(value, type) and issubclass(value, Component):
        return f"the class {value.__name__}"
    return f"a {type(value).__name__}"
