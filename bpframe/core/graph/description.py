"""What a network is made of, as plain validated data: no array, no file, no registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

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

from bpframe.core.component import Cost, Layer, Penalty
from bpframe.core.component.base import Resolver, no_instance
from bpframe.validation.in_words import InWords
from bpframe.validation.mistakes import moved_up
from bpframe.validation.model import Validated

__all__ = ["NODE_KEYS", "Name", "NetworkSpec", "NodeName", "NodeSpec", "Shape", "node"]

Name = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$"),
    InWords("a name of letters, digits, _ and -, that begins with a letter or _"),
]
#: A node may be named as the nodes inside blocks are: 'residual_1.dense_1'.
NodeName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$"),
    InWords("a name of letters, digits, _ and -, that begins with a letter or _; or several, joined by dots"),
]
if TYPE_CHECKING:
    Shape = tuple[int, ...]  # `shapes/` alone sees an open axis, before anything is built
else:
    _Length = Annotated[PositiveInt | None, InWords("integers above 0, or None (in files null) where a length is open")]
    #: The length of each feature axis; None where it is open, and every array may have another one.
    Shape = tuple[_Length, ...]

#: What a node says in a file beside its component's kind and fields.
NODE_KEYS = ("name", "inputs", "share", "trainable")


def _dtype_name(value: Any) -> Any:
    """Take NumPy's own ways to say it, `np.float32` or `np.dtype("float32")`, for the name."""
    return np.dtype(value).name if isinstance(value, type | np.dtype) else value


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class NodeSpec(Validated):
    """One node: a component, its name, the names it reads from, whose parameters it uses, and whether it is trained.

    In a file, a node is one mapping: the component's `kind` and fields, and beside them the node's own keys.
    """

    component: Layer
    name: NodeName | None = Field(None, description="Name of the node; made from the kind where it is left out.")
    inputs: tuple[str, ...] | None = Field(
        None, description="Names of the nodes and inputs that it reads from; the node before, where left out in a list."
    )
    share: str | None = Field(None, description="Name of another node of the same kind, whose parameters it uses.")
    trainable: bool = Field(True, description="Whether training reaches it: its parameters and its state.")

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
        return _as_tuple(value)


class NetworkSpec(Validated):
    """A whole network: inputs with their feature shapes, named nodes, outputs, and a cost for each output.

    `frozen` are patterns of the paths of parameters that are not trained, and `penalties` those of parameters by such
    patterns.
    """

    _place: ClassVar[str] = "network"

    inputs: dict[Name, Shape]
    nodes: tuple[NodeSpec, ...]
    outputs: tuple[str, ...]
    cost: dict[str, Cost] = Field(default_factory=dict)
    dtype: Annotated[Literal["float32", "float64"], BeforeValidator(_dtype_name)] = "float64"
    seed: NonNegativeInt = 0
    frozen: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    penalties: dict[str, Penalty] = Field(default_factory=dict)

    @property
    def is_chain(self) -> bool:
        """Whether every node reads from the one before, so that the network can be written as a list of layers."""
        names = [*list(self.inputs)[:1], *(each.name for each in self.nodes)]
        return (
            len(self.inputs) == 1
            and self.outputs == (names[-1],)
            and all(each.inputs == (names[i],) for i, each in enumerate(self.nodes))
        )

    def places(self) -> tuple[str, ...]:
        """Return how messages name the nodes: `layers[3] 'head'` in a list of layers, else `node 'head'`."""
        chain, names = self.is_chain, [each.name for each in self.nodes]
        return tuple(f"layers[{index}] '{name}'" if chain else f"node '{name}'" for index, name in enumerate(names))


def node(
    component: Layer, *inputs: str, name: str | None = None, share: str | None = None, trainable: bool = True
) -> NodeSpec:
    """Return a node: a component with the names of what it reads from.

    Without inputs it reads from the node before it. `share` names another node of the same component class, whose
    parameters this one uses. With `trainable=False` the node is outside training: its own parameters are frozen (those
    that it shares are where their owner's are), it computes as in an evaluation, and its state stays.

    Examples
    --------
    `node(Add(), "left", "right", name="total")`

    """
    if not isinstance(component, Layer):
        raise no_instance(Layer, component, "node()")
    return NodeSpec(component=component, inputs=inputs or None, name=name, share=share, trainable=trainable)
