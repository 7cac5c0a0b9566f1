"""What any network can be asked: values, costs and derivatives, and what it says of itself, a family per file."""

from __future__ import annotations

from bpframe.differentiable.curvature import Curvature
from bpframe.differentiable.described import Described
from bpframe.differentiable.evaluated import Arrays
from bpframe.differentiable.first_order import FirstOrder
from bpframe.differentiable.jacobians import Jacobians
from bpframe.differentiable.per_example import PerExample
from bpframe.differentiable.second_order import SecondOrder

__all__ = ["Arrays", "Differentiable"]


class Differentiable(FirstOrder, SecondOrder, Jacobians, Described):
    """A graph with parameters that can be evaluated, differentiated and described; arrays have examples on axis 0."""

    @property
    def per_example(self) -> PerExample:
        """Gradients of the single examples' costs, their norms, inner products, clipped mean and variance."""
        return PerExample(self)

    @property
    def curvature(self) -> Curvature:
        """Diagonals, diagonal blocks and Kronecker factors of the mean cost's second derivatives."""
        return Curvature(self)
