"""Regularisation: penalties, noise, normalisations and constraints."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_regularisation.batch_norm import BatchNorm
from bpframe_regularisation.constraints import MaxMagnitude, MaxNorm, NonNegative, UnitNorm
from bpframe_regularisation.dropout import Dropout
from bpframe_regularisation.gaussian_noise import GaussianNoise
from bpframe_regularisation.group_norm import GroupNorm
from bpframe_regularisation.layer_norm import LayerNorm
from bpframe_regularisation.penalties import L1, L2, ElasticNet
from bpframe_regularisation.rms_norm import RmsNorm

__all__ = [
    "L1",
    "L2",
    "BatchNorm",
    "Dropout",
    "ElasticNet",
    "GaussianNoise",
    "GroupNorm",
    "LayerNorm",
    "MaxMagnitude",
    "MaxNorm",
    "NonNegative",
    "RmsNorm",
    "UnitNorm",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        BatchNorm,
        Dropout,
        ElasticNet,
        GaussianNoise,
        GroupNorm,
        L1,
        L2,
        LayerNorm,
        MaxMagnitude,
        MaxNorm,
        NonNegative,
        RmsNorm,
        UnitNorm,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (BatchNorm(), ((4,),)),
        (BatchNorm(momentum=0.5, epsilon=0.1), ((3, 2),)),
        (BatchNorm(gain=False, offset=False), ((3,),)),
        (Dropout(), ((5,),)),
        (Dropout(rate=0.2), ((2, 3),)),
        (ElasticNet(l1=0.01, l2=0.1), ((4, 3),)),
        (GaussianNoise(scale=0.1), ((4,),)),
        (GroupNorm(groups=2), ((3, 4),)),
        (GroupNorm(groups=1, gain=False), ((2, 2, 3),)),
        (GroupNorm(groups=3, epsilon=0.1), ((3,),)),
        (L1(rate=0.01), ((4, 3),)),
        (L2(rate=0.0001), ((4, 3),)),
        (L2(rate=0.1), ((5,),)),
        (LayerNorm(), ((5,),)),
        (LayerNorm(), ((2, 3),)),
        (LayerNorm(epsilon=0.1, gain=False, offset=False), ((4,),)),
        (MaxMagnitude(limit=0.5), ((4, 3),)),
        (MaxNorm(limit=0.7), ((4, 3),)),
        (MaxNorm(limit=2.0, axis=0), ((4, 3),)),
        (NonNegative(), ((4, 3),)),
        (RmsNorm(), ((5,),)),
        (RmsNorm(offset=True), ((2, 3),)),
        (RmsNorm(epsilon=0.1, gain=False), ((4,),)),
        (UnitNorm(), ((4, 3),)),
        (UnitNorm(axis=(0, 1)), ((2, 2, 3),)),
    ]
