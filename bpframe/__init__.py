"""bpframe: back-propagation from declared local Jacobians, on NumPy.

    import bpframe as bp

A component declares what it computes (`forward`) and its local Jacobian (`jacobian`). Everything else follows.
Names load when they are first used, and no plugin is loaded by importing.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import bpframe.errors as errors
from bpframe._version import __version__

if TYPE_CHECKING:
    from bpframe.core.graph.description import node
    from bpframe.curve_fitting import fit_curve
    from bpframe.machine.examination import doctor
    from bpframe.network import Network, load
    from bpframe.trainable.cross_validation import cross_validate
    from bpframe.training.history import History
    from bpframe.training.metrics import accuracy

__all__ = [
    "History",
    "Network",
    "__version__",
    "accuracy",
    "cross_validate",
    "doctor",
    "errors",
    "fit_curve",
    "load",
    "node",
]

_HOME = {
    "History": "bpframe.training.history",
    "Network": "bpframe.network",
    "accuracy": "bpframe.training.metrics",
    "cross_validate": "bpframe.trainable.cross_validation",
    "doctor": "bpframe.machine.examination",
    "fit_curve": "bpframe.curve_fitting",
    "load": "bpframe.network",
    "node": "bpframe.core.graph.description",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bpframe' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


if os.environ.get("BPFRAME_DOCTOR") == "warn":  # asked for: otherwise importing looks at nothing
    import_module("bpframe.machine.examination").warn_once()


def __dir__() -> list[str]:
    return sorted(__all__)
