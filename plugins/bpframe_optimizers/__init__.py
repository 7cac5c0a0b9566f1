"""Optimizers that take steps, schedules, and where parameters start."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_optimizers.schedules import Cosine, Step

__all__ = ["Cosine", "Step"]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Cosine,
        Step,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Cosine(start=0.1, over=10, warm_up=2), ()),
        (Cosine(start=1.0, end=0.5, over=1000, by="step"), ()),
        (Step(start=1.0, every=3), ()),
    ]
