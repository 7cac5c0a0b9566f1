"""The JSON Schema of specs, with every component of a registry: what an editor completes from."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from bpframe.core.component import Component
from bpframe.core.graph.description import NODE_KEYS, NodeSpec
from bpframe.documents.document import DATA_KINDS, NetworkDocument
from bpframe.documents.model_schema import model_fields_schema
from bpframe.documents.writing import component_document
from bpframe.plugins import default_registry
from bpframe.plugins.registry import Registry
from bpframe.training.spec import TrainingSpec

__all__ = ["json_schema"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"

# A component in its place in a network: with the node's own keys beside the component's fields.
_NODE = "placed_node"
_ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def json_schema(registry: Registry | None = None) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a spec file.

    Every kind of component is an object of its own, with its fields, their limits and descriptions. `registry` is
    that of the installed plugin sets where it is left out.
    """
    registry = default_registry() if registry is None else registry
    found: dict[str, Any] = {"network": _network()}
    for group in registry.spaces:
        names = registry.components(group)
        for name, cls in names.items():
            found[f"{group}.{name}"] = _component(cls, name, registry, found)
        found[group] = _by_kind([f"{group}.{name}" for name in names], found)
    placed = model_fields_schema(NodeSpec, registry, {})["properties"]
    placed["inputs"] = {**_ONE_OR_MORE, "description": NodeSpec.model_fields["inputs"].description}
    for name in registry.components("node"):
        plain = found[f"node.{name}"]
        own = {key: placed[key] for key in NODE_KEYS}
        found[f"{_NODE}.{name}"] = {**plain, "properties": {**plain["properties"], **own}}
    found[_NODE] = _by_kind([f"{_NODE}.{name}" for name in registry.components("node")], found)
    for kind, model in DATA_KINDS.items():
        schema = model_fields_schema(model, registry, found)
        found[f"data.{kind}"] = _with_kind(schema, model, (kind,), f"data {kind}")
    found["data"] = _by_kind([f"data.{kind}" for kind in DATA_KINDS], found)
    found["training"] = _training(registry, found)
    return {
        "$schema": DRAFT,
        "title": "bpframe spec",
        "description": "A network, how it is trained, and its data.",
        "type": "object",
        "properties": {section: _ref(section) for section in ("network", "training", "data")},
        "required": ["network"],
        "additionalProperties": False,
        "$defs": dict(sorted(found.items())),
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _by_kind(names: Sequence[str], found: dict[str, Any]) -> dict[str, Any]:
    """Return the choice between definitions by `kind`.

    All kinds stand in one enumeration, and each definition under a condition: of alternatives (anyOf) the YAML
    language server completes only the first, and a mistake is reported against all of them.
    """
    kinds: list[str] = []
    branches = []
    for name in names:
        kind = found[name]["properties"]["kind"]
        own = kind.get("enum") or [kind["const"]]
        kinds.extend(own)
        branches.append({"if": {"properties": {"kind": {"enum": own}}, "required": ["kind"]}, "then": _ref(name)})
    if not names:
        return {"not": {}}
    return {"type": "object", "properties": {"kind": {"enum": kinds}}, "required": ["kind"], "allOf": branches}


def _component(cls: type[Component], name: str, registry: Registry, found: dict[str, Any]) -> dict[str, Any]:
    try:
        schema = model_fields_schema(cls, registry, found)
        for field, info in cls.model_fields.items():
            default = None if info.is_required() else info.get_default(call_default_factory=True)
            if isinstance(default, Component) and type(default) in registry:
                schema["properties"][field]["default"] = component_document(default, registry)
    except Exception:  # an author's default or schema that fails: the names can be completed all the same
        schema = {"properties": {field: {} for field in cls.model_fields}}
    return _with_kind(schema, cls, registry.spellings(cls), name)


def _with_kind(schema: dict[str, Any], model: type[BaseModel], kinds: tuple[str, ...], title: str) -> dict[str, Any]:
    properties = {key: value for key, value in schema["properties"].items() if key != "kind"}
    kind = {"const": kinds[0]} if len(kinds) == 1 else {"enum": list(kinds)}
    return {
        "title": title,
        **_described(model),
        "type": "object",
        "properties": {"kind": {**kind, **_described(model)}, **properties},
        "required": ["kind", *(key for key in schema.get("required", ()) if key != "kind")],
        "additionalProperties": False,
    }


def _described(model: type[BaseModel]) -> dict[str, str]:
    paragraph = " ".join(inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0].split())
    return {"description": paragraph.partition(". ")[0].removesuffix(".") + "."} if paragraph else {}


def _training(registry: Registry, found: dict[str, Any]) -> dict[str, Any]:
    """Return the training section, in which a name alone is the component of that kind."""
    schema = model_fields_schema(TrainingSpec, registry, found)
    for field, space in (("metrics", "metric"), ("callbacks", "callback")):
        items = _or_name(space, registry)
        several: dict[str, Any] = {"type": "array", "items": items}
        if field == "metrics":
            for key in ("anyOf", "type", "items"):
                schema["properties"][field].pop(key, None)
            several = {"anyOf": [several, {"type": "object", "additionalProperties": several}]}
        schema["properties"][field] |= several
    optimizer = schema["properties"]["optimizer"]
    optimizer.pop("$ref", None)
    optimizer |= _or_name("optimizer", registry)
    optimizer.get("anyOf", []).reverse()  # editors complete the first
    return {"title": "training", **_described(TrainingSpec), **schema}


def _or_name(space: str, registry: Registry) -> dict[str, Any]:
    names = [name for cls in registry.components(space).values() for name in registry.spellings(cls)]
    return {"anyOf": [{"enum": names}, _ref(space)]} if names else {"not": {}}


def _network() -> dict[str, Any]:
    """Return the network section: its parts may be written in more ways than the model keeps them."""
    name = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$"}
    dotted = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$"}
    shape = {"type": "array", "items": {"type": ["integer", "null"], "exclusiveMinimum": 0}}
    parts: dict[str, dict[str, Any]] = {
        "input_shape": shape,
        "inputs": {"type": "object", "propertyNames": name, "additionalProperties": shape},
        "layers": {"type": "array", "items": _ref(_NODE)},
        "nodes": {"type": "object", "propertyNames": dotted, "additionalProperties": _ref(_NODE)},
        "output": _ONE_OR_MORE,
        "cost": {"anyOf": [_ref("cost"), {"type": "object", "additionalProperties": _ref("cost")}]},
        "dtype": {"enum": ["float32", "float64"], "default": "float64"},
        "seed": {"type": "integer", "minimum": 0, "default": 0},
        "frozen": _ONE_OR_MORE,
        "penalties": {"type": "object", "additionalProperties": _ref("penalty")},
    }
    return {
        "title": "network",
        **_described(NetworkDocument),
        "type": "object",
        "properties": {
            field: {**parts[field], "description": info.description}
            for field, info in NetworkDocument.model_fields.items()
        },
        "additionalProperties": False,
        "allOf": [
            {"oneOf": [{"required": ["layers"]}, {"required": ["nodes"]}]},
            {"oneOf": [{"required": ["input_shape"]}, {"required": ["inputs"]}]},
        ],
    }
