"""A spec with other values at some places, each given by its path: `training.optimizer.learning_rate`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bpframe.errors import SpecError
from bpframe.validation.mistakes import shortened

__all__ = ["changed_document"]

_POSITION = re.compile(r"\[(\d+)\]", re.ASCII)


def changed_document(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spec as it is written, with the value of every path put in its place.

    A path names keys and, of lists, positions from 0 on: `network.layers.0.units`, or `network.layers[0].units`. A key
    that has dots itself is found where the spec has it. A component that is a name alone gets fields: `optimizer: adam`
    becomes {kind: adam, ...}. Keys that the spec does not have are added; whether it may have them, its reading says.

    Errors: SpecError (the path leads through a value that has no parts, or to no place of a list).
    """
    for path, value in changes.items():
        keys = _POSITION.sub(r".\1", path).split(".")
        document = _with(document, keys, value, path, "")
    return dict(document)


def _with(at: Any, keys: list[str], value: Any, path: str, place: str) -> Any:
    if not keys:
        return value
    if isinstance(at, list | tuple):
        return _with_item(list(at), keys, value, path, place)
    if isinstance(at, str):
        at = {"kind": at}
    if at is None:
        at = {}
    if not isinstance(at, Mapping) or not keys[0]:
        problem = f"{place or 'the spec'} is {shortened(at, 40)}, and has no '{keys[0]}'" if keys[0] else "an empty key"
        raise SpecError(f"there is no place {path!r}: {problem}", expected="keys of the spec with dots between them")
    count = next((k for k in range(len(keys), 0, -1) if ".".join(keys[:k]) in at), 1)
    key = ".".join(keys[:count])
    # A copy: of two places that one anchor of YAML fills, one alone is changed.
    return {**at, key: _with(at.get(key), keys[count:], value, path, f"{place}.{key}" if place else key)}


def _with_item(items: list[Any], keys: list[str], value: Any, path: str, place: str) -> list[Any]:
    key, *rest = keys
    if not (key.isascii() and key.isdecimal() and len(key) < 10 and int(key) < len(items)):
        raise SpecError(
            f"there is no place {path!r}: {place} is a list",
            expected=f"a position from 0 to {len(items) - 1}, as in {place}.0" if items else "a list that is not empty",
            received=shortened(key),
        )
    items[int(key)] = _with(items[int(key)], rest, value, path, f"{place}.{key}")
    return items
