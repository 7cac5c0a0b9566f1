"""What a field wants, in words: "an integer greater than 0"."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

__all__ = ["InWords", "expected_of"]

_WORDS: dict[Any, tuple[str, str]] = {
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    bool: ("true or false", "truth values"),
}
_LIMITS = {
    "gt": "greater than",
    "ge": "of at least",
    "lt": "less than",
    "le": "of at most",
    "min_length": "of length at least",
    "max_length": "of length at most",
    "multiple_of": "that is a multiple of",
    "pattern": "that matches",
}


@dataclass(frozen=True)
class InWords:
    """What a type wants, in words, where its limits do not say it well: `Annotated[str, ..., InWords("a name")]`."""

    expected: str


def expected_of(annotation: Any, metadata: Sequence[Any] = (), *, several: bool = False) -> str | None:
    """Return what a field wants, such as "an integer greater than 0", or None where that is not plain to say."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    for each in metadata:
        if isinstance(each, InWords):
            return each.expected
    if origin is Annotated:
        nested = [each for outer in arguments[1:] for each in (outer.metadata if _is_field(outer) else [outer])]
        return expected_of(arguments[0], [*nested, *metadata], several=several)
    if origin is Literal:
        return ("any of " if len(arguments) > 1 else "") + ", ".join(repr(each) for each in arguments)
    if origin in (Union, types.UnionType):
        choices = [expected_of(each) for each in arguments if each is not type(None)]
        if any(choice is None for choice in choices):
            return None
        return " or ".join(dict.fromkeys(str(choice) for choice in choices)) + _limits(metadata)
    if origin in (tuple, list, set, frozenset) and arguments:
        inner = expected_of(arguments[0], several=True)
        fixed = origin is tuple and Ellipsis not in arguments
        count = f"{len(arguments)} " if fixed else ""
        noun = "lists" if several else "a list"
        return f"{noun} of {count}{inner}" + _limits(metadata) if inner else None
    if origin is dict:
        key, value = expected_of(arguments[0]), expected_of(arguments[1])
        return f"a mapping from {key} to {value}" if key and value else None
    words = _WORDS.get(annotation) if isinstance(annotation, type) else None
    return words[several] + _limits(metadata) if words else None


def _is_field(value: object) -> bool:
    return isinstance(value, FieldInfo)


def _limits(metadata: Sequence[Any]) -> str:
    found: dict[str, Any] = {}
    for each in metadata:
        for name in (*_LIMITS, "allow_inf_nan"):
            value = getattr(each, name, None)
            if value is not None:
                found[name] = value
    finite = ", finite" if found.pop("allow_inf_nan", None) is False else ""
    limits = " and ".join(f"{_LIMITS[name]} {value}" for name, value in found.items())
    return (f" {limits}" if limits else "") + finite
