"""Costs: one number per example."""

from __future__ import annotations

from typing import ClassVar

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method
from bpframe.core.component.declared_inputs import check_target_domain
from bpframe.core.component.domain import Domain
from bpframe.core.component.layer import DRAFT, KEEPING

__all__ = ["Cost"]

_COST = Category(
    "cost",
    {
        "forward": Method({"a", "y", "weight", "mask", "saved"}, required=True),
        "jacobian": Method({"a", "y", "weight", "mask", "saved", "out"}, required=True),
        "hessian": Method({"a", "y", "weight", "mask", "saved"}),
        "target_shape": Method({"shape"}),
        "weight_shape": Method({"shape"}),
        "target_weight": Method({"y"}),
        "point_prediction": Method({"a"}),
        "check_target": Method({"y", "shape"}),
        "input_domain": Method(),
    },
    suffix="Cost",
    example="QuadraticCost()",
    written="{kind: quadratic}",
    declare=DRAFT.format("the cost per example", "its gradient in a"),
    keeping=KEEPING,
    checks=(check_target_domain,),
)


class Cost(Component, category=_COST):
    """A cost C(a, y) of the network's output a and the target y, one number per example.

    `forward(self, a, y)`
        Returns C, shape (N,). a is (N, *features).
    `jacobian(self, a, y)`
        Returns ∇_a C, shape (N, *features): what BP1 starts from. It may ask for `out`, a buffer of that shape.
    `hessian(self, a, y)`
        Optional. ∂²C/∂a² as an operator with a root S, H = S Sᵀ, for Gauss–Newton and Levenberg–Marquardt.
    `target_shape(self, shape)`
        Optional. The feature shape of a target for an output of feature shape `shape`; the same where it is left out.
        It may depend on fields, as `integer_targets` may.
    `weight_shape(self, shape)`
        Optional, of a cost that asks for `weight` or `mask`: their feature shape for an output of feature shape
        `shape`; that of a target where it is left out.
    `target_weight(self, y)`
        Optional. How much targets count, (N,), or (N, *positions) for a cost that asks for `weight` or `mask`: class
        weights, 0 for what is to be ignored, multiplied with `sample_weight`; None where all count alike.
    `point_prediction(self, a)`
        Optional. What a predicts of the target, in its shape and units, where that is not a itself: for metrics.
    `check_target(self, y, shape)`
        Optional. Raises DataError for targets that mean nothing, such as a number of no class, for an output of feature
        shape `shape`. It is called where targets come in, so that `forward` need not look at them in every pass.
    `input_domain(self)`
        Optional. Where a and y may lie, as a mapping from their names to open intervals (low, high); for integer
        targets the half-open interval of their values. Where no field decides, the class variable `domain` says the
        same.

    The first three may ask for `saved`, a mapping that forward fills for the others, and for `weight` and `mask`: how
    much each position of an example counts, (N, *positions), ones where nothing was given, and `weight != 0`. C_n is
    then Σ w C over the example's own positions, linear in the weights, and the mean cost Σ_n C_n / Σ w over all
    positions. Other costs have their C_n weighted for them. A class with `draft = True`
    may leave `jacobian` out while it is tried: ∇_a C is then measured from `forward`.
    """

    #: Where a and y may lie: an open interval (low, high) for a, or a mapping with "a" and "y". None is the whole line.
    #: The conformance kit draws its points there. Targets that are integers have low <= y < high, or 0 <= y where
    #: nothing is declared; a network takes no others.
    domain: ClassVar[Domain | None] = None

    #: Whether `jacobian` may be left out for now, to be measured from `forward`.
    draft: ClassVar[bool] = False

    #: Whether targets are integers, such as class numbers; a property where a field decides.
    integer_targets: ClassVar[bool] = False
