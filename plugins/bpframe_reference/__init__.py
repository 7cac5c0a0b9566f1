"""The reference plugin set: the network of the tutorial, the nodes of Olah's computational graph, what trains them."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_reference.arithmetic import Add, Multiply, Shift
from bpframe_reference.dense import Dense
from bpframe_reference.gradient_descent import GradientDescent
from bpframe_reference.identity import Identity
from bpframe_reference.initializers import ScaledNormal, StandardNormal
from bpframe_reference.metrics import Accuracy, TopK
from bpframe_reference.nguyen_widrow import NguyenWidrow
from bpframe_reference.penalties import L1, L2, ElasticNet
from bpframe_reference.quadratic_cost import QuadraticCost
from bpframe_reference.robust import Robust
from bpframe_reference.schedules import Cosine, StepDecay
from bpframe_reference.sigmoid import Sigmoid
from bpframe_reference.stop_early import StopEarly

__all__ = [
    "L1",
    "L2",
    "Accuracy",
    "Add",
    "Cosine",
    "Dense",
    "ElasticNet",
    "GradientDescent",
    "Identity",
    "Multiply",
    "NguyenWidrow",
    "QuadraticCost",
    "Robust",
    "ScaledNormal",
    "Shift",
    "Sigmoid",
    "StandardNormal",
    "StepDecay",
    "StopEarly",
    "TopK",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Accuracy,
        Add,
        Cosine,
        Dense,
        ElasticNet,
        GradientDescent,
        Identity,
        L1,
        L2,
        Multiply,
        NguyenWidrow,
        QuadraticCost,
        Robust,
        ScaledNormal,
        Shift,
        Sigmoid,
        StandardNormal,
        StepDecay,
        StopEarly,
        TopK,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Accuracy(), ((3,),)),
        (Add(), ((3,), (3,))),
        (Add(), ((2, 3),)),
        (Cosine(start=0.1, over=10, warm_up=2), ()),
        (Cosine(start=1.0, end=0.5, over=1000, by="step"), ()),
        (Dense(units=4), ((3,),)),
        (Dense(units=4, bias=False), ((3,),)),
        (Dense(units=2), ((5, 3),)),
        (ElasticNet(l1=0.01, l2=0.1), ((4, 3),)),
        (GradientDescent(learning_rate=0.1), ()),
        (GradientDescent(learning_rate=StepDecay(start=0.1, every=2, by="step")), ()),
        (Identity(), ((4,),)),
        (L1(rate=0.01), ((4, 3),)),
        (L2(rate=0.0001), ((4, 3),)),
        (L2(rate=0.1), ((5,),)),
        (Multiply(), ((3,), (3,), (3,))),
        (NguyenWidrow(), ((4, 3),)),
        (NguyenWidrow(active=2.0), ((4,),)),
        (QuadraticCost(), ((5,),)),
        (QuadraticCost(), ((2, 3),)),
        (Robust(), ()),
        (ScaledNormal(), ((4, 3),)),
        (Shift(by=1.5), ((4,),)),
        (Sigmoid(), ((4,),)),
        (Sigmoid(), ((2, 3),)),
        (StandardNormal(), ((4, 3),)),
        (StepDecay(start=1.0, every=3), ()),
        (StopEarly(patience=2, watch="cost"), ()),
        (TopK(k=2), ((4,),)),
    ]
