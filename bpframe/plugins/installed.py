"""Which entry points of the group are installed, and who provides them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

from bpframe.plugins.hooks import GROUP
from bpframe.plugins.plugin_set import Provider

__all__ = ["Survey", "installed", "is_ours", "survey"]


@dataclass(frozen=True)
class Survey:
    """The entry points of the group, and the distributions of which they cannot be read, each with the reason."""

    points: list[tuple[EntryPoint, Provider]]
    unreadable: list[tuple[Provider, str]] = field(default_factory=list)


def installed() -> list[tuple[EntryPoint, Provider]]:
    """Return the installed entry points with their providers, ordered by set and distribution.

    An entry point of one distribution counts once, also where that distribution is found twice on the path.
    """
    return survey().points


def survey() -> Survey:
    """Look through the installed distributions. No file in one of them can keep those of the others from being read."""
    unreadable: list[tuple[Provider, str]] = []
    try:
        points = list(entry_points(group=GROUP))
    except Exception:  # one malformed file; which one it is takes longer to find out
        points = []
        for distribution in _each_once():
            try:
                points += distribution.entry_points.select(group=GROUP)
            except Exception as error:
                if (reason := _unreadable(distribution, error)) is not None:
                    name, version = _identity(distribution)
                    unreadable.append((Provider("?", name, version), reason))
    found: dict[tuple[str, str, str], tuple[EntryPoint, Provider]] = {}
    for point in points:
        name, version = _identity(point.dist)
        found.setdefault(
            (point.name, _normalized(name), point.value), (point, Provider(point.name, name, version, point.value))
        )
    return Survey([found[key] for key in sorted(found)], unreadable)


def is_ours(provider: Provider) -> bool:
    """Return whether a set comes with bpframe itself."""
    return _normalized(provider.distribution) == "bpframe"


def _each_once() -> list[Distribution]:
    """Return every distribution; of two with one name the first, which is the one that imports find."""
    found: dict[str, Distribution] = {}
    nameless: list[Distribution] = []
    for each in distributions():
        name = _normalized(_identity(each)[0])
        if name:
            found.setdefault(name, each)
        else:
            nameless.append(each)
    return [*found.values(), *nameless]


def _unreadable(distribution: Distribution, error: Exception) -> str | None:
    """Return why a distribution's entry points cannot be read; None where they have nothing to do with plugin sets."""
    try:
        lines = (distribution.read_text("entry_points.txt") or "").splitlines()
    except Exception:
        return f"its entry_points.txt cannot be read: {type(error).__name__}: {error}"
    if not any(GROUP in line for line in lines):
        return None
    odd = [
        each for line in lines if (each := line.strip()) and not each.startswith(("[", "#", ";")) and "=" not in each
    ]
    return "its entry_points.txt is malformed" + (f": the line {odd[0]!r} has no '='" if odd else f": {error}")


def _normalized(name: str | None) -> str:
    return re.sub(r"[-_.]+", "-", name or "").lower()


def _identity(distribution: Distribution | None) -> tuple[str | None, str | None]:
    try:
        return (distribution.metadata["Name"], distribution.metadata["Version"]) if distribution else (None, None)
    except Exception:  # missing or unreadable metadata: the plugin itself may still work
        return None, None
