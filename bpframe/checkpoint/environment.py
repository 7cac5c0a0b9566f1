"""What a training ran with: versions, plugin distributions, the machine."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

import numpy as np

from bpframe._version import __version__
from bpframe.machine.processor import cpu_name, numpy_build, usable_cores
from bpframe.plugins import Registry

__all__ = ["environment", "installed_sets"]


def environment(registry: Registry) -> dict[str, Any]:
    """Return the versions and the machine of this process, as plain data."""
    return {
        "bpframe": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "plugins": installed_sets(registry),
        "numpy_build": numpy_build(),
        "processor": cpu_name(),
        "cores": usable_cores(),
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def installed_sets(registry: Registry) -> dict[str, dict[str, str | None]]:
    """Return the distribution and the version of every plugin set that is loaded."""
    return {
        each.provider.set: {"distribution": each.provider.distribution, "version": each.provider.version}
        for each in registry.sets
        if each.status == "ok"
    }
