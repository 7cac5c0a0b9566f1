"""The minimizers: optimizers that drive themselves, and the cost of data with standard deviations."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_minimizers.gauss_newton import GaussNewton
from bpframe_minimizers.lbfgs import LBFGS
from bpframe_minimizers.levenberg_marquardt import LevenbergMarquardt
from bpframe_minimizers.natural_gradient import NaturalGradient
from bpframe_minimizers.weighted_quadratic import WeightedQuadraticCost

__all__ = ["LBFGS", "GaussNewton", "LevenbergMarquardt", "NaturalGradient", "WeightedQuadraticCost"]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [GaussNewton, LBFGS, LevenbergMarquardt, NaturalGradient, WeightedQuadraticCost]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (GaussNewton(), ()),
        (LBFGS(), ()),
        (LevenbergMarquardt(), ()),
        (NaturalGradient(), ()),
        (WeightedQuadraticCost(), ((3,),)),
    ]
