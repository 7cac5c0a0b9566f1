"""Penalties: what a parameter costs by itself."""

from __future__ import annotations

from typing import ClassVar

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Penalty"]

_PENALTY = Category(
    "penalty",
    {
        "forward": Method({"p"}, required=True),
        "gradient": Method({"p"}, required=True),
        "hessian": Method({"p"}),
    },
    suffix="Penalty",
    example="L2(rate=0.0001)",
    written="{kind: l2, rate: 0.0001}",
    declare="declare forward (the penalty of an array) and gradient (its derivative, like the array)",
)


class Penalty(Component, category=_PENALTY):
    """A cost R(p) of a parameter p by itself, added once to the mean cost of the examples.

    `forward(self, p)`
        Returns R, one number, for an array of any shape.
    `gradient(self, p)`
        Returns ∂R/∂p, an array like p.
    `hessian(self, p)`
        Optional. ∂²R/∂p² as an operator on arrays (1, *shape of p), or, where R is a sum over entries, its diagonal: an
        array like p. Second-order methods need it; where it is missing, they say so.
    """

    #: Whether R = ½ pᵀ H p with the same H for all p. Methods of least squares take it as more residuals, Sᵀ p with
    #: H = S Sᵀ, and refuse all others.
    quadratic: ClassVar[bool] = False
