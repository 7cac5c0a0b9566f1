"""What is installed under which name?

Plugin sets: what they may implement, how the installed ones are found, and which component a name stands for. In go the
entry points of a Python environment; out comes a registry, with the reason for each set that could not be loaded.
Nothing is discovered by importing this package; `default_registry()` does it when it is first called. Start with
`hooks.py`, then `discovery.py` and `registry.py`.
"""

from bpframe.plugins.discovery import Discovery, default_discovery, default_registry, discover, listeners, load_registry
from bpframe.plugins.hooks import hookimpl, hookspec
from bpframe.plugins.listing import plugin_report
from bpframe.plugins.plugin_set import PluginSet, Provider
from bpframe.plugins.registry import Registry
from bpframe.plugins.trial import forget_trials

__all__ = [
    "Discovery",
    "PluginSet",
    "Provider",
    "Registry",
    "default_discovery",
    "default_registry",
    "discover",
    "forget_trials",
    "hookimpl",
    "hookspec",
    "listeners",
    "load_registry",
    "plugin_report",
]
