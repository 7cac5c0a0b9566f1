"""Is this component right?

The conformance kit: any component, checked by value. In goes a component with the shapes of its inputs; out comes a
report, with the likely mistake where something fails. Start with `kit.py`; what is checked stands in `checks/`.

From Python, for an instance and the feature shape of each of its inputs::

    from bpframe.testing import check_component

    report = check_component(SoftSign(), [(4,)])

In a test file, one line for every check of every component::

    from bpframe.testing import parametrize_with_components

    @parametrize_with_components([(SoftSign(), [(4,)])])
    def test_component(check):
        check()

`compare_jacobians(old, new, shapes)` proves that a structured operator equals the array that it replaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bpframe.testing.kit import called_for, check_component
from bpframe.testing.report import Outcome, Report

if TYPE_CHECKING:
    from bpframe.testing.running.parametrize import parametrize_with_components
    from bpframe.testing.two_declarations import Comparison, compare_jacobians

__all__ = [
    "Comparison",
    "Outcome",
    "Report",
    "called_for",
    "check_component",
    "compare_jacobians",
    "parametrize_with_components",
]

# Loaded when they are asked for: pytest need not be installed, nor wait to be imported, for a check.
_LATER = {
    "Comparison": "two_declarations",
    "compare_jacobians": "two_declarations",
    "parametrize_with_components": "running.parametrize",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'bpframe.testing' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(f"bpframe.testing.{_LATER[name]}"), name)
