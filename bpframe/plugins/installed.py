"""Which entry points of the group are installed, and who provides them."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, EntryPoint, entry_points

from bpframe.plugins.hooks import GROUP
from bpframe.registry import Provider

__all__ = ["installed"]


def installed() -> list[tuple[EntryPoint, Provider]]:
    """Return the installed entry points with their providers, ordered by set and distribution.

    An entry point of one distribution counts once, also where that distribution is found twice on the path.
    """
    found: dict[tuple[str, str, str], tuple[EntryPoint, Provider]] = {}
    for point in entry_points(group=GROUP):
        name, version = _identity(point.dist)
        normalized = re.sub(r"[-_.]+", "-", name or "").lower()
        found.setdefault(
            (point.name, normalized, point.value), (point, Provider(point.name, name, version, point.value))
        )
    return [found[key] for key in sorted(found)]


def _identity(distribution: Distribution | None) -> tuple[str | None, str | None]:
    try:
        return (distribution.metadata["Name"], distribution.metadata["Version"]) if distribution else (None, None)
    except Exception:  # missing or unreadable metadata: the plugin itself may still work
        return None, None
