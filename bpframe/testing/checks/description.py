"""What files, editors and other processes see of a component: written and read back, described, documented."""

from __future__ import annotations

import json
import pickle

import yaml

from bpframe.core.component import Component
from bpframe.documents import component_document
from bpframe.documents.model_schema import model_fields_schema
from bpframe.documents.resolving import KindResolver
from bpframe.plugins.categories import unlisted
from bpframe.plugins.registry import PluginSet, Provider, Registry
from bpframe.testing.checks.base import Check, Failure, Setting, Skipped, named

__all__ = ["description_checks"]


def description_checks(setting: Setting) -> list[Check]:
    """Return the checks that need no array."""
    return named(setting, _round_trip, _schema, _pickle, _documented)


def _registry(component: Component) -> Registry:
    """Return a registry of the component's class and of those that its fields hold, whatever is installed."""
    classes: dict[type[Component], None] = {}
    waiting: list[Component] = [component]
    while waiting:
        each = waiting.pop()
        classes[type(each)] = None
        for name in type(each).model_fields:
            value = getattr(each, name)
            each_of = value if isinstance(value, tuple | list) else [value]
            waiting += [item for item in each_of if isinstance(item, Component)]
    return Registry.build([PluginSet(Provider("checked"), tuple(classes), categories=unlisted(classes, ()))])


def _round_trip(setting: Setting) -> None:
    """Python to a mapping, through YAML and JSON, and back."""
    component, registry = setting.component, _registry(setting.component)
    document = component_document(component, registry)
    for name, text in (("JSON", json.dumps(document)), ("YAML", yaml.safe_dump(document))):
        read = yaml.safe_load(text) if name == "YAML" else json.loads(text)
        again = type(component).model_validate(read, context=KindResolver(registry))
        if again != component:
            raise Failure(
                f"written to {name} and read back it is another component",
                rows=[("written", repr(component)), ("read", repr(again))],
            )


def _schema(setting: Setting) -> None:
    """The JSON Schema can be made, and describes what is written."""
    component, registry = setting.component, _registry(setting.component)
    schema = model_fields_schema(type(component), registry, {})
    document = component_document(component, registry)
    unknown = [key for key in document if key != "kind" and key not in schema.get("properties", {})]
    if unknown:
        raise Failure(f"the JSON Schema does not know {', '.join(unknown)}")


def _pickle(setting: Setting) -> None:
    """To another process and back: what runs on several of them sends its components there."""
    component, cls = setting.component, type(setting.component)
    if "<locals>" in cls.__qualname__:
        raise Skipped(f"{cls.__name__} is defined inside a function, where no other process finds it")
    try:
        again = pickle.loads(pickle.dumps(component))
    except Exception as error:
        raise Failure(
            f"it cannot be sent to another process: {type(error).__name__}: {error}",
            rows=[("try", "hold nothing but fields: no lock, file, lambda or module")],
        ) from None
    if again != component:
        raise Failure(
            "sent to another process it is another component", rows=[("sent", repr(component)), ("got", repr(again))]
        )


def _documented(setting: Setting) -> None:
    cls = type(setting.component)
    if not (cls.__doc__ or "").strip() or cls.__doc__ == Component.__doc__:
        raise Failure(
            f"{cls.__name__} has no docstring", rows=[("try", "one sentence, the equation, shapes, the source")]
        )
    silent = [name for name, field in cls.model_fields.items() if not field.description]
    if silent:
        raise Failure(
            f"{'fields' if len(silent) > 1 else 'the field'} {', '.join(silent)} without a description",
            rows=[("try", f"{silent[0]}: ... = Field(..., description='...')")],
        )
