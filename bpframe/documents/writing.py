"""From a run to a document, and to a file that is read back as the same run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from bpframe.core.component import Component
from bpframe.core.graph.description import NetworkSpec, NodeSpec
from bpframe.documents.document import RunSpec
from bpframe.documents.text import dump_text, suffix_of
from bpframe.documents.written_out import DEFAULT_INPUT, network_spec
from bpframe.errors import BpframeError, SpecError, SpecFileError
from bpframe.machine.whole_file import whole_file
from bpframe.plugins import default_registry
from bpframe.plugins.registry import Registry
from bpframe.validation.mistakes import shortened

__all__ = ["component_document", "network_document", "spec_document", "write_spec"]


def write_spec(spec: RunSpec, path: str | os.PathLike[str], registry: Registry | None = None) -> None:
    """Write a spec to a .yaml, .yml, .json or .toml file, such that `read_spec` gives an equal one back.

    Components are named with their set, every field is written out, and the file appears whole or not at all.
    `registry` says what they are called: that of the installed plugin sets where it is left out.

    Raises
    ------
    SpecError
        This is no spec of a run.
    SpecFileError
        The file cannot be written, or its type cannot hold a value.
    RegistryError
        A component belongs to no plugin set of the registry.

    """
    target = Path(path).expanduser()
    suffix = suffix_of(target)
    text = dump_text(spec_document(spec, registry), suffix)
    try:
        encoded = text.encode("utf-8")
        with whole_file(target) as file:
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        raise SpecFileError(f"{target} cannot be written: {error}") from None


def spec_document(spec: RunSpec, registry: Registry | None = None) -> dict[str, Any]:
    """Return a spec as plain values, as its file has them."""
    if not isinstance(spec, RunSpec):
        received, hint = shortened(spec), None
        if isinstance(spec, NetworkSpec) or isinstance(getattr(spec, "spec", None), NetworkSpec):
            received = f"a {type(spec).__name__}"
            hint = "RunSpec(network=" + ("spec" if isinstance(spec, NetworkSpec) else "network.spec") + ")"
        raise SpecError("this is no spec of a run", expected="a RunSpec", received=received, hint=hint)
    names = default_registry() if registry is None else registry
    document: dict[str, Any] = {"network": network_document(spec.network, names)}
    if spec.training is not None:
        document["training"] = _fields(spec.training, names)
    if spec.data is not None:
        kind = spec.data.kind
        rest = {key: value for key, value in _fields(spec.data, names).items() if key != "kind"}
        document["data"] = {"kind": kind, **rest}
    return document


def component_document(component: Component, registry: Registry) -> dict[str, Any]:
    """Return a component as plain values: its kind, with its set, and its fields."""
    return {"kind": registry.name_of(type(component)), **_fields(component, registry)}


def network_document(network: NetworkSpec, registry: Registry) -> dict[str, Any]:
    """Return a network as plain values: a list of layers where each reads from the one before, else nodes by name."""
    document: dict[str, Any] = {}
    if list(network.inputs) == [DEFAULT_INPUT]:
        document["input_shape"] = list(network.inputs[DEFAULT_INPUT])
    else:
        document["inputs"] = {name: list(shape) for name, shape in network.inputs.items()}
    if network.is_chain:
        document["layers"] = [_node(each, registry) for each in _shortest(network)]
    else:
        nodes = {str(each.name): each.model_copy(update={"name": None}) for each in network.nodes}
        document["nodes"] = {name: _node(each, registry) for name, each in nodes.items()}
        document["output"] = list(network.outputs) if len(network.outputs) != 1 else network.outputs[0]
    costs = {name: component_document(cost, registry) for name, cost in network.cost.items()}
    if costs:
        document["cost"] = next(iter(costs.values())) if len(network.outputs) == 1 else costs
    document |= {"dtype": network.dtype, "seed": network.seed}
    if network.frozen:
        document["frozen"] = list(network.frozen)
    if network.penalties:
        document["penalties"] = {
            pattern: component_document(each, registry) for pattern, each in network.penalties.items()
        }
    return document


def _shortest(network: NetworkSpec) -> list[NodeSpec]:
    """Leave out the inputs of a chain's nodes, and their names too where reading would give the same ones."""
    unnamed = [each.model_copy(update={"name": None, "inputs": None}) for each in network.nodes]
    try:
        named_anew = network_spec(unnamed, inputs=network.inputs).nodes
    except BpframeError:
        named_anew = ()
    if named_anew == network.nodes:
        return unnamed
    return [each.model_copy(update={"inputs": None}) for each in network.nodes]


def _node(node: NodeSpec, registry: Registry) -> dict[str, Any]:
    written = component_document(node.component, registry)
    if node.name is not None:
        written["name"] = node.name
    if node.inputs is not None:
        written["inputs"] = list(node.inputs)
    if node.share is not None:
        written["share"] = node.share
    if not node.trainable:
        written["trainable"] = False
    return written


def _fields(model: BaseModel, registry: Registry) -> dict[str, Any]:
    nested = {name for name in type(model).model_fields if _holds_component(getattr(model, name))}
    plain = {name: _dumped(model, name) for name in type(model).model_fields if name not in nested}
    written: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = _plain(getattr(model, name), registry) if name in nested else plain[name]
        if value is not None or field.is_required() or field.get_default(call_default_factory=True) is not None:
            written[name] = value
    return written


def _dumped(model: BaseModel, name: str) -> Any:
    try:
        return model.model_dump(mode="json", include={name}, round_trip=True)[name]
    except PydanticSerializationError as error:
        value = getattr(model, name)
        raise SpecFileError(
            f"{type(model).__name__}.{name} cannot be written",
            expected="what a file holds: numbers, truth values, texts, lists and mappings of them",
            received=shortened(value),
            hint="give the field the type np.ndarray" if isinstance(value, np.ndarray) else None,
        ) from error


def _holds_component(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_component(each) for each in value.values())
    if isinstance(value, list | tuple):
        return any(_holds_component(each) for each in value)
    return isinstance(value, Component)


def _plain(value: Any, registry: Registry) -> Any:
    if isinstance(value, Component):
        return component_document(value, registry)
    if isinstance(value, Mapping):
        return {key: _plain(each, registry) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, registry) for each in value]
    return value.tolist() if isinstance(value, np.ndarray) else value
