"""A mapping whose values are found under other names too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

__all__ = ["Aliased"]

V = TypeVar("V")


class Aliased(dict[str, V]):
    """A dict by names, in which `[name]` answers to `aliases` of these names too; it lists none of them."""

    def __init__(self, found: Mapping[str, V], aliases: Mapping[str, str]) -> None:
        super().__init__(found)
        self._aliases = aliases

    def __missing__(self, name: str) -> V:
        if name not in self._aliases:
            raise KeyError(name)
        return self[self._aliases[name]]
