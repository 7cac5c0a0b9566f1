"""Which entry points of the group are installed, and who provides them."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, EntryPoint, distributions

from bpframe.plugins.hooks import GROUP
from bpframe.registry import PluginSet, Provider

__all__ = ["installed"]


def installed() -> tuple[list[tuple[EntryPoint, Provider]], list[PluginSet]]:
    """Return the installed entry points with their providers, in order, and what is broken before any import.

    The standard library's `entry_points()` fails altogether when one distribution's file is malformed; here that
    distribution alone is broken. A distribution that is found twice, or lists an entry point twice, counts once.
    """
    found: list[tuple[EntryPoint, Provider]] = []
    broken: list[PluginSet] = []
    seen: set[str] = set()
    for distribution in distributions():
        try:
            points = [point for point in distribution.entry_points if point.group == GROUP]
        except Exception as error:  # whatever a malformed file makes of the parser
            if f"[{GROUP}]" in (distribution.read_text("entry_points.txt") or ""):
                broken.append(_malformed(distribution, error))
            continue
        if not points:
            continue
        name, version = _identity(distribution)
        normalized = re.sub(r"[-_.]+", "-", name or "").lower()
        if normalized in seen:
            continue  # further down the path: not the one that is imported
        if normalized:
            seen.add(normalized)
        unique = {(point.name, point.value): point for point in points}
        found.extend((point, Provider(point.name, name, version, point.value)) for point in unique.values())
    return sorted(found, key=_order), broken


def _order(pair: tuple[EntryPoint, Provider]) -> tuple[str, str, str]:
    provider = pair[1]
    return provider.set, provider.distribution or "", provider.module or ""


def _identity(distribution: Distribution) -> tuple[str | None, str | None]:
    try:
        return distribution.metadata["Name"], distribution.metadata["Version"]
    except Exception:  # missing or unreadable metadata: the plugin may still work
        return None, None


def _malformed(distribution: Distribution, error: Exception) -> PluginSet:
    name, version = _identity(distribution)
    return PluginSet(
        Provider(name or "unknown", name, version),
        status="broken",
        reason=f"its entry_points.txt cannot be read: {type(error).__name__}: {error}",
    )
