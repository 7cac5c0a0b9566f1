"""The plugin manager: pluggy's, made afresh for every discovery."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pluggy

from bpframe.errors import BpframeError, did_you_mean
from bpframe.plugins import hooks

if TYPE_CHECKING:
    from pluggy import HookimplOpts

__all__ = ["PluginDefect", "known_hooks", "plugin_manager"]


class PluginDefect(BpframeError):
    """What is wrong with a plugin set. It becomes the set's reason and is never raised to a user."""


class _Manager(pluggy.PluginManager):
    """Takes every function of a module whose name begins with `bpframe_` for a hook, marked or not.

    So an author needs no decorator, and a misspelt hook is found whether or not it carries one.
    """

    def parse_hookimpl_opts(self, plugin: object, name: str) -> HookimplOpts | None:
        options = super().parse_hookimpl_opts(plugin, name)
        if options is None and name.startswith("bpframe_") and inspect.isfunction(getattr(plugin, name, None)):
            marked = hooks.hookimpl(lambda: None)
            options = getattr(marked, f"{hooks.GROUP}_impl")
        return options


def plugin_manager() -> pluggy.PluginManager:
    """Return a manager that knows the hooks and no plugin."""
    manager = _Manager(hooks.GROUP)
    manager.add_hookspecs(hooks)
    return manager


def known_hooks() -> tuple[str, ...]:
    """Return the names of all hooks."""
    return tuple(name for name in hooks.__all__ if name.startswith("bpframe_"))


def check_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    """Refuse hooks of a plugin that no specification names.

    Errors: PluginDefect.
    """
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        if caller.spec is None:
            meant = did_you_mean(caller.name, known_hooks())
            raise PluginDefect(
                f"'{caller.name}' is no hook" + (f": {meant}" if meant else ""), expected=", ".join(known_hooks())
            )
    if not callers:
        raise PluginDefect("it implements no hook", expected="def bpframe_components(): return [...]")
