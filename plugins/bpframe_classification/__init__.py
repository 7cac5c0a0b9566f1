"""The costs: of classes, of counts, of robust and of probabilistic regression."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_classification.absolute import AbsoluteCost
from bpframe_classification.binary_cross_entropy import BinaryCrossEntropy
from bpframe_classification.cross_entropy import CrossEntropy
from bpframe_classification.gaussian_nll import GaussianNllCost
from bpframe_classification.hinge import HingeCost
from bpframe_classification.huber import HuberCost
from bpframe_classification.kl_divergence import KlDivergenceCost
from bpframe_classification.poisson_nll import PoissonNllCost
from bpframe_classification.probability_cross_entropy import ProbabilityCrossEntropy
from bpframe_classification.quantile import QuantileCost

__all__ = [
    "AbsoluteCost",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "GaussianNllCost",
    "HingeCost",
    "HuberCost",
    "KlDivergenceCost",
    "PoissonNllCost",
    "ProbabilityCrossEntropy",
    "QuantileCost",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        AbsoluteCost,
        BinaryCrossEntropy,
        CrossEntropy,
        GaussianNllCost,
        HingeCost,
        HuberCost,
        KlDivergenceCost,
        PoissonNllCost,
        ProbabilityCrossEntropy,
        QuantileCost,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (AbsoluteCost(), ((4,),)),
        (BinaryCrossEntropy(), ((4,),)),
        (BinaryCrossEntropy(pos_weight=(2.0, 0.5, 1.0)), ((2, 3),)),
        (CrossEntropy(), ((4,),)),
        (CrossEntropy(label_smoothing=0.1, class_weight=(1.0, 2.0, 0.5), ignore=-1), ((2, 3),)),
        (CrossEntropy(targets="probabilities", label_smoothing=0.2), ((3,),)),
        (GaussianNllCost(), ((2, 6),)),
        (GaussianNllCost(), ((4,),)),
        (HingeCost(), ((4,),)),
        (HingeCost(squared=True), ((2, 3),)),
        (HingeCost(targets="binary"), ((3,),)),
        (HingeCost(targets="binary", squared=True), ((2, 3),)),
        (HuberCost(delta=0.3), ((4,),)),
        (HuberCost(delta=2.5), ((2, 3),)),
        (PoissonNllCost(), ((2, 3),)),
        (KlDivergenceCost(), ((4,),)),
        (KlDivergenceCost(), ((2, 3),)),
        (PoissonNllCost(), ((4,),)),
        (ProbabilityCrossEntropy(), ((4,),)),
        (ProbabilityCrossEntropy(targets="binary"), ((3,),)),
        (ProbabilityCrossEntropy(targets="probabilities"), ((2, 3),)),
        (QuantileCost(q=(0.1, 0.5, 0.9)), ((2, 3),)),
        (QuantileCost(q=0.9), ((4,),)),
    ]
