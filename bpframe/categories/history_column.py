"""The type of a field that names a column of the history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeAlias

from bpframe.core.component import Component

__all__ = ["HistoryColumn", "watched_columns"]


class _Column:
    """Marks the type of a field whose value names a column."""


#: The name of a column of the history, as the type of a field of a schedule or callback: a training that will have no
#: such column is refused before it starts.
HistoryColumn: TypeAlias = Annotated[str, _Column()]


def watched_columns(value: object) -> Iterator[tuple[Component, str]]:
    """Yield each component, this one or one at any depth inside, with each column that a field of it names."""
    if isinstance(value, Component):
        for name, field in type(value).model_fields.items():
            if any(isinstance(each, _Column) for each in field.metadata):
                yield value, getattr(value, name)
            yield from watched_columns(getattr(value, name))
    elif isinstance(value, Mapping):
        yield from watched_columns(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from watched_columns(each)
