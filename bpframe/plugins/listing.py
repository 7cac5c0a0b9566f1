"""What `bpframe plugins` prints."""

from __future__ import annotations

from typing import Any

from bpframe.core.component import category
from bpframe.plugins.plugin_set import PluginSet
from bpframe.plugins.registry import Registry

__all__ = ["plugin_report"]


def plugin_report(registry: Registry) -> list[dict[str, Any]]:
    """Return one JSON-safe record per plugin set.

    Keys: set, distribution, version, module, status (ok, broken, refused, excluded, missing), components (category ->
    bare names), categories (those that the set brings), import_ms, reason, details (a traceback), warnings (what it did
    that may surprise), output (what it printed while it was loaded).
    """
    return [_record(each, registry) for each in registry.sets]


def _record(plugin_set: PluginSet, registry: Registry) -> dict[str, Any]:
    components: dict[str, list[str]] = {name: [] for name in registry.categories}
    for cls in plugin_set.components:
        components[category(cls)].append(cls.kind)
    provider = plugin_set.provider
    return {
        "set": provider.set,
        "distribution": provider.distribution,
        "version": provider.version,
        "module": provider.module,
        "status": plugin_set.status,
        "components": {name: sorted(kinds) for name, kinds in components.items() if kinds},
        "categories": [category(base) for base in plugin_set.categories],
        "import_ms": round(1000 * plugin_set.import_seconds, 1),
        "reason": plugin_set.reason,
        "details": plugin_set.details,
        "warnings": list(plugin_set.warnings),
        "output": plugin_set.output or None,
    }
