"""What can any network be asked?

Values, costs and derivatives, a family per file: the methods of `Network`, checked arrays in and arrays out, with the
words of users. Start with `evaluated.py`, then `first_order.py`; each method hands on to `derivatives/`.
"""

from __future__ import annotations

from bpframe.differentiable.curvature import Curvature
from bpframe.differentiable.described import Described
from bpframe.differentiable.evaluated import Arrays, Examples
from bpframe.differentiable.explained import Explained
from bpframe.differentiable.first_order import FirstOrder
from bpframe.differentiable.jacobians import Jacobians
from bpframe.differentiable.per_example import PerExample
from bpframe.differentiable.second_order import SecondOrder

__all__ = ["Arrays", "Differentiable", "Examples"]


class Differentiable(FirstOrder, SecondOrder, Jacobians, Described, Explained):
    """A graph with parameters that can be evaluated, differentiated and described; arrays have examples on axis 0."""

    @property
    def per_example(self) -> PerExample:
        """Gradients of the single examples' costs, their norms, inner products, clipped mean and variance."""
        return PerExample(self)

    @property
    def curvature(self) -> Curvature:
        """Diagonals, diagonal blocks and Kronecker factors of the mean cost's second derivatives."""
        return Curvature(self)
