"""The classes of the components in a spec, however deep they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from bpframe.core.component import Component

__all__ = ["component_classes"]


def component_classes(value: object) -> Iterator[type[Component]]:
    """Yield the class of every component in a spec, however deep it stands."""
    if isinstance(value, Component):
        yield type(value)
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from component_classes(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from component_classes(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from component_classes(each)
