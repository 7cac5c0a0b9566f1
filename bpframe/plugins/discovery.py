"""Which plugin sets are installed, and the registry and listeners that come of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pluggy

from bpframe.errors import closest
from bpframe.plugins.installed import installed
from bpframe.plugins.loading import load_set
from bpframe.plugins.manager import plugin_manager
from bpframe.registry import PluginSet, Provider, Registry

__all__ = ["Discovery", "default_discovery", "default_registry", "discover", "listeners", "load_registry"]

#: The environment variable that restricts which sets are loaded: names with commas between; empty for none.
VARIABLE = "BPFRAME_PLUGINS"


@dataclass(frozen=True)
class Discovery:
    """What one discovery found: the registry, and the manager with the plugins of every set that is ok."""

    registry: Registry
    manager: pluggy.PluginManager

    def listeners(self, hook: str) -> Callable[..., list[Any]] | None:
        """Return what calls everybody who implements a hook, by keyword; None where nobody does."""
        caller: pluggy.HookCaller = getattr(self.manager.hook, hook)
        return caller if caller.get_hookimpls() else None


def discover(environ: Mapping[str, str] | None = None) -> Discovery:
    """Find, import and check the installed plugin sets, as far as BPFRAME_PLUGINS lets them.

    Never raises for what a plugin does: a set that cannot be used is listed with its reason.
    """
    chosen = _chosen(os.environ if environ is None else environ)
    manager = plugin_manager()
    sets: list[PluginSet] = []
    for entry_point, provider in installed():
        if chosen is not None and provider.set not in chosen:
            sets.append(PluginSet(provider, status="excluded", reason=f"{VARIABLE} leaves it out"))
            continue
        plugin_set, plugin = load_set(entry_point, provider)
        sets.append(plugin_set)
        if plugin is not None and not manager.is_registered(plugin):
            manager.register(plugin, name=f"{provider.distribution}: {provider.set}")
    names = {each.provider.set for each in sets}
    sets.extend(_missing(name, names) for name in chosen or () if name not in names)
    return Discovery(Registry(tuple(sets)), manager)


def _chosen(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    value = environ.get(VARIABLE)
    if value is None:
        return None
    return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


def _missing(name: str, names: Iterable[str]) -> PluginSet:
    meant = closest(name, names)
    reason = f"{VARIABLE} names it, and it is not installed" + (f": did you mean '{meant}'?" if meant else "")
    return PluginSet(Provider(name), status="missing", reason=reason)


def load_registry(environ: Mapping[str, str] | None = None) -> Registry:
    """Return a registry of the installed plugin sets, discovered anew; `environ` stands in for os.environ."""
    return discover(environ).registry


@cache
def default_discovery() -> Discovery:
    """Return the discovery that this process shares, made when it is first asked for."""
    return discover()


def default_registry() -> Registry:
    """Return the registry of the installed plugin sets, discovered when it is first asked for."""
    return default_discovery().registry


def listeners(hook: str) -> Callable[..., list[Any]] | None:
    """Return what calls every installed plugin that implements a hook, by keyword; None where nobody does."""
    return default_discovery().listeners(hook)
