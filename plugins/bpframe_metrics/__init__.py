"""The metrics: what is measured beside the cost."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_metrics.accuracy import Accuracy, TopK

__all__ = ["Accuracy", "TopK"]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Accuracy,
        TopK,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Accuracy(), ((3,),)),
        (TopK(k=2), ((4,),)),
    ]
