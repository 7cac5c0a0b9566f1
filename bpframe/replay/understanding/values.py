"""What is known, while a method is read, of the value of an expression."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

__all__ = ["ARGUMENT", "NEW", "Bound", "Code", "Value", "element", "holding", "join"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A function as a method of the class that is read: `first` says what it is handed first, "self" or ""."""

    function: Any
    holder: type | None
    first: str


_HELD = ("__code__", "__defaults__", "__kwdefaults__")


class Code(Mapping[str, Any]):
    """A function's code and defaults as a namespace: a notebook that reloads a module replaces them in the function."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function

    def __getitem__(self, name: str) -> Any:
        if name not in _HELD:
            raise KeyError(name)
        return getattr(self.function, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_HELD)

    def __len__(self) -> int:
        return len(_HELD)


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an expression.

    `level` is 0 for what the function made itself, 1 for a container of its own that holds what others hold, 2 for what
    others may hold. `functions` are the functions that it may be (in no other case may it be called); `role` is "self",
    "super", "module", "operator" (the self of an operator) or "rng". `fixed` values come from fields and
    constants, which cannot change; `path` is the field. `other` says that it may be something else than a function, and
    `origins` which of the arguments `out` and `saved` it may be, or be part of.
    """

    level: int = 0
    functions: tuple[Any, ...] = ()
    role: str = ""
    thing: Any = None
    path: tuple[str, ...] = ()
    fixed: bool = False
    other: bool = True
    origins: frozenset[str] = frozenset()


NEW, ARGUMENT = Value(0), Value(2)


def element(value: Value) -> Value:
    """Return what a container or an array holds."""
    if value.fixed:
        return Value(0, fixed=True)
    return Value(2 if value.level else 0, origins=value.origins)


def holding(values: Iterable[Value]) -> Value:
    """Return a new container of these."""
    level, origins = 0, frozenset[str]()
    for value in values:
        level, origins = max(level, 1 if value.level or value.fixed else 0), origins | value.origins
    return Value(level, origins=origins)


def join(one: Value, other: Value) -> Value:
    """Return what is known where it may be either."""
    if one == other:
        return one
    return Value(
        max(one.level, other.level, 1 if one.fixed != other.fixed else 0),
        (*one.functions, *(each for each in other.functions if each not in one.functions)),
        fixed=one.fixed and other.fixed,
        other=one.other or other.other,
        origins=one.origins | other.origins,
    )
