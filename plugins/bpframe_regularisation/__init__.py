"""Regularisation: penalties, noise, normalisations, constraints and clipping."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_regularisation.penalties import L1, L2, ElasticNet

__all__ = ["L1", "L2", "ElasticNet"]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        ElasticNet,
        L1,
        L2,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (ElasticNet(l1=0.01, l2=0.1), ((4, 3),)),
        (L1(rate=0.01), ((4, 3),)),
        (L2(rate=0.0001), ((4, 3),)),
        (L2(rate=0.1), ((5,),)),
    ]
