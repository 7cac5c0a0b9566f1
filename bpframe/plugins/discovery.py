"""Which plugin sets are installed, and the registry and listeners that come of them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

from bpframe.errors import StopTraining, did_you_mean
from bpframe.machine.logs import logger_of
from bpframe.plugins.categories import accepted
from bpframe.plugins.installed import is_ours, survey
from bpframe.plugins.loading import load_set
from bpframe.plugins.manager import plugin_manager
from bpframe.plugins.plugin_set import PluginSet, Provider, one_line
from bpframe.plugins.registry import Registry
from bpframe.plugins.trial import verdicts

__all__ = ["Discovery", "default_discovery", "default_registry", "discover", "listeners", "load_registry"]

#: The environment variable that restricts which sets are loaded: names with commas between; empty for none.
VARIABLE = "BPFRAME_PLUGINS"

_LOG = logger_of(__name__)


@dataclass(frozen=True)
class Discovery:
    """What one discovery found: the registry, and the manager with the plugins of every set that is ok."""

    registry: Registry
    manager: pluggy.PluginManager

    def listeners(self, hook: str) -> Callable[..., list[Any]] | None:
        """Return what calls everybody who implements a hook, by keyword; None where nobody does.

        What goes wrong in one of them is a warning, and the others are called all the same. StopTraining, or
        StopIteration, after an epoch is a wish to end the training: it goes on to the caller once everybody has been
        called.
        """
        caller: pluggy.HookCaller = getattr(self.manager.hook, hook)
        plugins = [each.plugin for each in caller.get_hookimpls()]
        if not plugins:
            return None
        everybody = self.manager.get_plugins()
        alone = [self.manager.subset_hook_caller(hook, everybody - {plugin}) for plugin in plugins]

        def tell(**told: Any) -> list[Any]:
            results: list[Any] = []
            ending: Exception | None = None
            for each in alone:
                try:
                    results += each(**told)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # a watcher's SystemExit must not end what it watches either
                    if isinstance(error, StopTraining | StopIteration) and hook == "bpframe_after_epoch":
                        ending = ending or error
                    else:
                        warnings.warn(f"a plugin's {hook} failed: {one_line(error)}", stacklevel=2)
            if ending is not None:
                raise ending
            return results

        return tell


def discover(environ: Mapping[str, str] | None = None) -> Discovery:
    """Find, import and check the installed plugin sets, as far as BPFRAME_PLUGINS lets them.

    Never raises for what a plugin does: a set that cannot be used is listed with its reason.
    """
    chosen = _chosen(os.environ if environ is None else environ)
    found = survey()
    ours = {provider.set for _, provider in found.points if is_ours(provider)}
    manager = plugin_manager()
    sets: list[PluginSet] = []
    wanted: list[tuple[EntryPoint, Provider]] = []
    for entry_point, provider in found.points:
        if chosen is not None and provider.set not in chosen:
            sets.append(PluginSet(provider, status="excluded", reason=f"{VARIABLE} leaves it out"))
        elif provider.set in ours and not is_ours(provider):
            reason = f"the name '{provider.set}' is that of a set which comes with bpframe itself"
            sets.append(PluginSet(provider, status="refused", reason=reason))
        elif provider.distribution and any(_same(provider, each) for _, each in wanted):
            reason = f"{provider.distribution} names it twice; {provider.module} is left out"
            sets.append(PluginSet(provider, status="refused", reason=reason))
        else:
            wanted.append((entry_point, provider))
    for (entry_point, provider), against in zip(wanted, verdicts(wanted), strict=True):
        if against is not None:
            reason = f"{against}; not imported: bpframe plugins --retry tries it again"
            sets.append(PluginSet(provider, status="broken", reason=reason))
            continue
        plugin_set, plugin = load_set(entry_point, provider)
        sets.append(plugin_set)
        if plugin is not None and not manager.is_registered(plugin):
            manager.register(plugin, name=f"{provider.distribution}: {provider.set}")
    sets.extend(PluginSet(provider, status="broken", reason=reason) for provider, reason in found.unreadable)
    sets.sort(key=lambda each: (each.provider.set, each.provider.distribution or ""))
    names = {each.provider.set for each in sets}
    sets.extend(_missing(name, names) for name in chosen or () if name not in names)
    found_sets = accepted(sets)
    for each in found_sets:
        if each.status not in ("ok", "excluded"):
            _LOG.warning("plugin set %s is %s: %s", each.provider, each.status, each.reason)
    return Discovery(Registry(found_sets), manager)


def _same(one: Provider, other: Provider) -> bool:
    return (one.set, one.distribution) == (other.set, other.distribution)


def _chosen(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    value = environ.get(VARIABLE)
    if value is None:
        return None
    return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


def _missing(name: str, names: Iterable[str]) -> PluginSet:
    meant = did_you_mean(name, names)
    reason = f"{VARIABLE} names it, and it is not installed" + (f": {meant}" if meant else "")
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
