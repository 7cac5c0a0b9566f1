"""Merges: layers that join, cut and reorder, and composites made of layers."""

from __future__ import annotations

from bpframe_activations import Relu, Tanh
from bpframe_reference import Dense

from bpframe.extend import Component
from bpframe_merges.average import Average
from bpframe_merges.concatenate import Concatenate
from bpframe_merges.encoder import Encoder
from bpframe_merges.gather import GatherLayer
from bpframe_merges.matmul import Matmul
from bpframe_merges.maximum import Maximum
from bpframe_merges.permute import PermuteLayer
from bpframe_merges.repeat import Repeat
from bpframe_merges.reshape import ReshapeLayer
from bpframe_merges.residual import Residual
from bpframe_merges.scale import Scale
from bpframe_merges.sequential import Sequential
from bpframe_merges.slice import Slice
from bpframe_merges.subtract import Subtract
from bpframe_merges.sum import Mean, SumLayer

__all__ = [
    "Average",
    "Concatenate",
    "Encoder",
    "GatherLayer",
    "Matmul",
    "Maximum",
    "Mean",
    "PermuteLayer",
    "Repeat",
    "ReshapeLayer",
    "Residual",
    "Scale",
    "Sequential",
    "Slice",
    "Subtract",
    "SumLayer",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Average,
        Concatenate,
        Encoder,
        GatherLayer,
        Matmul,
        Maximum,
        Mean,
        PermuteLayer,
        Repeat,
        ReshapeLayer,
        Residual,
        Scale,
        Sequential,
        Slice,
        Subtract,
        SumLayer,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Average(), ((3,), (3,))),
        (Average(), ((2, 3),)),
        (Concatenate(), ((3,), (2,), (3,))),
        (Concatenate(axis=0), ((2, 3), (1, 3))),
        (Encoder(widths=(3, 2), activation=Tanh()), ((4,),)),
        (GatherLayer(indices=(2, 0, 0, -1)), ((3,),)),
        (GatherLayer(indices=(1, 0), axis=0), ((2, 2),)),
        (Matmul(), ((2, 3), (3, 4))),
        (Matmul(transpose_b=True), ((2, 2, 3), (2, 1, 3))),
        (Maximum(), ((3,), (3,), (3,))),
        (Mean(), ((2, 3),)),
        (Mean(axes=(0,), keep_axes=True), ((2, 3),)),
        (PermuteLayer(axes=(1, 2, 0)), ((2, 3, 2),)),
        (Repeat(times=2), ((3,),)),
        (Repeat(times=3, axis=0), ((2, 2),)),
        (ReshapeLayer(shape=(3, -1)), ((2, 3),)),
        (Residual(body=(Dense(units=3), Tanh(), Dense(units=3))), ((3,),)),
        (Residual(body=(Dense(units=2), Relu()), shortcut=Dense(units=2)), ((3,),)),
        (Scale(start=0.5), ((3,),)),
        (Scale(), ((2, 3),)),
        (Sequential(body=(Dense(units=3), Tanh()), times=2), ((3,),)),
        (Slice(start=1, stop=4, step=2), ((5,),)),
        (Slice(start=-1, step=-1, axis=0), ((3, 2),)),
        (Subtract(), ((3,), (3,))),
        (SumLayer(), ((2, 3),)),
        (SumLayer(axes=(1,)), ((2, 3),)),
    ]
