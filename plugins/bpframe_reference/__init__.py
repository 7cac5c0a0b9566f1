"""The reference plugin set: the network of the tutorial, and the nodes of Olah's computational graph."""

from __future__ import annotations

from bpframe_reference.arithmetic import Add, Multiply, Shift
from bpframe_reference.dense import Dense
from bpframe_reference.gradient_descent import GradientDescent
from bpframe_reference.identity import Identity
from bpframe_reference.initializers import ScaledNormal, StandardNormal
from bpframe_reference.quadratic_cost import QuadraticCost
from bpframe_reference.sigmoid import Sigmoid

__all__ = [
    "Add",
    "Dense",
    "GradientDescent",
    "Identity",
    "Multiply",
    "QuadraticCost",
    "ScaledNormal",
    "Shift",
    "Sigmoid",
    "StandardNormal",
]
