"""Regularisation: penalties, noise, normalisations, constraints and clipping."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_regularisation.dropout import Dropout
from bpframe_regularisation.gaussian_noise import GaussianNoise
from bpframe_regularisation.layer_norm import LayerNorm
from bpframe_regularisation.penalties import L1, L2, ElasticNet

__all__ = ["L1", "L2", "Dropout", "ElasticNet", "GaussianNoise", "LayerNorm"]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Dropout,
        ElasticNet,
        GaussianNoise,
        L1,
        L2,
        LayerNorm,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Dropout(), ((5,),)),
        (Dropout(rate=0.2), ((2, 3),)),
        (ElasticNet(l1=0.01, l2=0.1), ((4, 3),)),
        (GaussianNoise(scale=0.1), ((4,),)),
        (L1(rate=0.01), ((4, 3),)),
        (L2(rate=0.0001), ((4, 3),)),
        (L2(rate=0.1), ((5,),)),
        (LayerNorm(), ((5,),)),
        (LayerNorm(), ((2, 3),)),
        (LayerNorm(epsilon=0.1, gain=False, offset=False), ((4,),)),
    ]
