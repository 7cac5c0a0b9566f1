"""The costs: of classes, of counts, of robust and of probabilistic regression."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_classification.binary_cross_entropy import BinaryCrossEntropy
from bpframe_classification.cross_entropy import CrossEntropy

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        BinaryCrossEntropy,
        CrossEntropy,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (BinaryCrossEntropy(), ((4,),)),
        (BinaryCrossEntropy(pos_weight=(2.0, 0.5, 1.0)), ((2, 3),)),
        (CrossEntropy(), ((4,),)),
        (CrossEntropy(label_smoothing=0.1, class_weight=(1.0, 2.0, 0.5), ignore=-1), ((2, 3),)),
        (CrossEntropy(targets="probabilities", label_smoothing=0.2), ((3,),)),
    ]
