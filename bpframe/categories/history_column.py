"""The types of fields that name a column of the history, and say which of its numbers are better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeAlias

from pydantic.fields import FieldInfo

from bpframe.core.component import Component

__all__ = ["HistoryColumn", "LargerIsBetter", "watched_columns"]


class _Column:
    """Marks the type of a field whose value names a column."""


#: The name of a column of the history, as the type of a field of a schedule or callback: a training that will have no
#: such column is refused before it starts.
HistoryColumn: TypeAlias = Annotated[str, _Column()]


class _Direction:
    """Marks the type of a field that says whether larger is better."""


#: Whether larger numbers of the watched column are better; None leaves it to `History.larger_is_better`, and a training
#: that does not know it, of a metric that does not say, is refused before it starts.
LargerIsBetter: TypeAlias = Annotated[bool | None, _Direction()]


def watched_columns(value: object) -> Iterator[tuple[Component, str, bool]]:
    """Yield each component, this one or one at any depth inside, with each column that a field of it names.

    The third says whether the history has to say which of the column's numbers are better.
    """
    if isinstance(value, Component):
        fields = type(value).model_fields
        asks = any(getattr(value, name) is None for name, field in fields.items() if _marked(field, _Direction))
        for name, field in fields.items():
            if _marked(field, _Column):
                yield value, getattr(value, name), asks
            yield from watched_columns(getattr(value, name))
    elif isinstance(value, Mapping):
        yield from watched_columns(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from watched_columns(each)


def _marked(field: FieldInfo, by: type) -> bool:
    return any(isinstance(each, by) for each in field.metadata)
