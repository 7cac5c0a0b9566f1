"""The costs: of classes, of counts, of robust and of probabilistic regression."""

from __future__ import annotations

from bpframe.extend import Component

__all__: list[str] = []


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return []


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return []
