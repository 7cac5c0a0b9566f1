"""The JSON Schema of one model's fields, with references to components instead of to their Python classes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

from bpframe.core.component import Component
from bpframe.core.component.base import is_category
from bpframe.plugins.plugin_set import group_of
from bpframe.plugins.registry import Registry

__all__ = ["model_fields_schema"]


def model_fields_schema(model: type[BaseModel], registry: Registry, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return `type`, `properties`, `required` and `additionalProperties` of a model.

    What a field refers to is put into `definitions`; a component class refers to the definition of all components that
    fit there.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a default that JSON cannot say is left out, which is right here
            schema = model.model_json_schema(by_alias=False)
    except PydanticInvalidForJsonSchema:
        # A field of a type that JSON has no word for: the names can be completed, the values are not checked here.
        return {"type": "object", "properties": {field: {} for field in model.model_fields}}
    own = f"{model.__module__}.{model.__qualname__}"
    targets = {cls.__name__: target for cls in _components_in(model) if (target := _target(cls, registry))}
    for name, definition in schema.pop("$defs", {}).items():
        if name not in targets:
            targets[name] = f"{own}.{name}"
            definitions[targets[name]] = definition
    for name in [each for each in definitions if each.startswith(f"{own}.")]:
        definitions[name] = _rewritten(definitions[name], targets)
    found: dict[str, Any] = _rewritten(schema, targets)
    kept = ("type", "properties", "required", "additionalProperties")
    return {"properties": {}, **{key: found[key] for key in kept if key in found}}


def _components_in(model: type[BaseModel]) -> Iterator[type[Component]]:
    waiting: list[Any] = [field.annotation for field in model.model_fields.values()]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, Component):
            yield annotation
        waiting.extend(get_args(annotation))


def _target(cls: type[Component], registry: Registry) -> str | None:
    if is_category(cls):
        return group_of(cls)
    names = {each: f"{group}.{name}" for group in registry.spaces for name, each in registry.components(group).items()}
    return names.get(cls)


def _rewritten(value: Any, targets: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_rewritten(each, targets) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _rewritten(each, targets) for key, each in value.items() if key != "title" or isinstance(each, dict)}
    reference = found.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        found["$ref"] = f"#/$defs/{targets.get(name, name)}"
    choices = found.get("anyOf")
    if isinstance(choices, list) and "default" in found and found["default"] is None:
        # Leaving the key out says the same as null, and reads better in an editor.
        del found["default"]
        choices = [each for each in choices if each != {"type": "null"}]
        found |= {"anyOf": choices}
        if len(choices) == 1:
            del found["anyOf"]
            found = {**choices[0], **found}
    return found
