"""Optimizers that take steps, and what goes around them; schedules; where parameters start."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_optimizers.accumulated import Accumulated
from bpframe_optimizers.adagrad import Adagrad
from bpframe_optimizers.adam import Adam, Adamw
from bpframe_optimizers.averaging import ExponentialAverage, StochasticAverage
from bpframe_optimizers.clipping import ClipGlobalNorm, ClipNorm, ClipValue
from bpframe_optimizers.initializers import Constant, TruncatedNormal, Zeros
from bpframe_optimizers.initializers_of_variance import Glorot, He, Lecun
from bpframe_optimizers.initializers_orthogonal import Orthogonal
from bpframe_optimizers.lion import Lion
from bpframe_optimizers.momentum import Momentum
from bpframe_optimizers.nadam import Nadam
from bpframe_optimizers.plateau import Plateau
from bpframe_optimizers.rmsprop import Rmsprop
from bpframe_optimizers.schedules import Cosine, Exponential, OneCycle, Piecewise, Polynomial, Step, WarmUp

__all__ = [
    "Accumulated",
    "Adagrad",
    "Adam",
    "Adamw",
    "ClipGlobalNorm",
    "ClipNorm",
    "ClipValue",
    "Constant",
    "Cosine",
    "Exponential",
    "ExponentialAverage",
    "Glorot",
    "He",
    "Lecun",
    "Lion",
    "Momentum",
    "Nadam",
    "OneCycle",
    "Orthogonal",
    "Piecewise",
    "Plateau",
    "Polynomial",
    "Rmsprop",
    "Step",
    "StochasticAverage",
    "TruncatedNormal",
    "WarmUp",
    "Zeros",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Accumulated,
        Adagrad,
        Adam,
        Adamw,
        ClipGlobalNorm,
        ClipNorm,
        ClipValue,
        Constant,
        Cosine,
        Exponential,
        ExponentialAverage,
        Glorot,
        He,
        Lecun,
        Lion,
        Momentum,
        Nadam,
        OneCycle,
        Orthogonal,
        Piecewise,
        Plateau,
        Polynomial,
        Rmsprop,
        Step,
        StochasticAverage,
        TruncatedNormal,
        WarmUp,
        Zeros,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    adam = Adam(learning_rate=Cosine(start=0.1, over=10, by="step"))
    return [
        (Accumulated(steps=3, optimizer=adam), ()),
        (Accumulated(steps=1, optimizer=Momentum(learning_rate=0.1)), ()),
        (Adagrad(), ()),
        (Adagrad(learning_rate=0.1, start=0.5), ()),
        (Adam(), ()),
        (Adam(learning_rate=Cosine(start=0.1, over=10), beta_1=0.0, beta_2=0.5, epsilon=0.01), ()),
        (Adamw(), ()),
        (Adamw(learning_rate=Step(start=0.1, every=3), weight_decay=0.0), ()),
        (ClipGlobalNorm(norm=1.0, optimizer=adam), ()),
        (ClipGlobalNorm(norm=2.0, optimizer=ExponentialAverage(decay=0.9, optimizer=Momentum())), ()),
        (ClipNorm(norm=1.0, optimizer=adam), ()),
        (ClipValue(value=0.5, optimizer=Accumulated(steps=2, optimizer=adam)), ()),
        (Constant(value=1.0), ((3,),)),
        (Cosine(start=0.1, over=10, warm_up=2), ()),
        (Cosine(start=1.0, end=0.5, over=1000, by="step"), ()),
        (Exponential(start=0.1), ()),
        (Exponential(start=0.1, factor=0.999, by="step"), ()),
        (ExponentialAverage(decay=0.9, optimizer=adam), ()),
        (Glorot(), ((4, 3),)),
        (Glorot(distribution="normal", gain=2.0), ((4, 2, 3),)),
        (He(), ((4, 3),)),
        (He(distribution="uniform", slope=0.1, mode="fan_out"), ((4, 3),)),
        (Lecun(), ((4, 3),)),
        (Lecun(distribution="uniform"), ((4, 3),)),
        (Lion(), ()),
        (Lion(learning_rate=0.01, weight_decay=0.3), ()),
        (Momentum(), ()),
        (Momentum(learning_rate=0.1, momentum=0.5, nesterov=True), ()),
        (Nadam(), ()),
        (Nadam(learning_rate=0.1, momentum_decay=0.5, epsilon=0.01), ()),
        (OneCycle(peak=0.1, over=30, by="epoch"), ()),
        (OneCycle(peak=0.1, over=2, rise=0.1, div_factor=10.0, final_div_factor=10.0), ()),
        (Orthogonal(), ((4, 3),)),
        (Orthogonal(gain=2.0), ((2, 3, 2),)),
        (Piecewise(boundaries=(3, 6), values=(0.1, 0.02, 0.0)), ()),
        (Piecewise(boundaries=(), values=(0.1,), by="step"), ()),
        (Plateau(start=0.1, factor=0.5, patience=2), ()),
        (Plateau(start=0.1, watch="cost", larger=True, cooldown=2, end=0.05, patience=0), ()),
        (Polynomial(start=0.1, over=30, power=2.0), ()),
        (Polynomial(start=0.1, end=0.01, over=1, by="step"), ()),
        (Rmsprop(), ()),
        (Rmsprop(learning_rate=0.1, alpha=0.9, momentum=0.5, centered=True), ()),
        (Step(start=1.0, every=3), ()),
        (StochasticAverage(start=1, optimizer=adam), ()),
        (StochasticAverage(start=2, every=2, by="step", optimizer=Lion()), ()),
        (TruncatedNormal(), ((4, 3),)),
        (TruncatedNormal(scale=1.0, cut=0.5), ((4, 3),)),
        (WarmUp(schedule=0.1, over=5), ()),
        (WarmUp(schedule=Cosine(start=0.1, over=30), over=5), ()),
        (Zeros(), ((3,),)),
    ]
