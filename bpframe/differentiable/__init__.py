"""What any network can compute: values, costs, and derivatives, a family per file."""

from __future__ import annotations

from bpframe.differentiable.base import Arrays
from bpframe.differentiable.checking import Checking
from bpframe.differentiable.curvature import HasCurvature
from bpframe.differentiable.first_order import FirstOrder
from bpframe.differentiable.jacobians import Jacobians
from bpframe.differentiable.per_example import HasPerExample
from bpframe.differentiable.second_order import SecondOrder

__all__ = ["Arrays", "Differentiable"]


class Differentiable(FirstOrder, SecondOrder, Jacobians, HasPerExample, HasCurvature, Checking):
    """A graph with parameters that can be evaluated and differentiated; arrays have examples on axis 0."""
