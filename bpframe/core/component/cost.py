"""Costs: one number per example."""

from __future__ import annotations

from typing import ClassVar

from bpframe.core.component.base import Component
from bpframe.core.component.domain import Domain

__all__ = ["Cost"]


class Cost(Component):
    """A cost C(a, y) of the network's output a and the target y, one number per example.

    `forward(self, a, y)`
        Returns C, shape (N,). a is (N, *features).
    `jacobian(self, a, y)`
        Returns ∇_a C, shape (N, *features): what BP1 starts from. It may ask for `out`, a buffer of that shape.
    `hessian(self, a, y)`
        Optional. ∂²C/∂a² as an operator with a root S, H = S Sᵀ, for Gauss–Newton and Levenberg–Marquardt.
    `target_shape(self, shape)`
        Optional. The feature shape of a target for an output of feature shape `shape`; the same where it is left out.

    `input_domain(self)`
        Optional. Where a and y may lie, as a mapping from their names to open intervals (low, high); for integer
        targets the half-open interval of their values. Where no field decides, the class variable `domain` says the
        same.

    All but the last two may ask for `saved`, a mapping that forward fills for the others. A class with `draft = True`
    may leave `jacobian` out while it is tried: ∇_a C is then measured from `forward`.
    """

    _suffix: ClassVar[str] = "Cost"

    _example: ClassVar[str] = "QuadraticCost()"

    _keeping: ClassVar[str] = (
        "what jacobian needs goes into `saved`: ask for it in both methods, and write saved['{name}'] = ... in forward"
    )

    #: Where a and y may lie: an open interval (low, high) for a, or a mapping with "a" and "y". None is the whole line.
    #: The conformance kit draws its points there. Targets that are integers have low <= y < high, or 0 <= y where
    #: nothing is declared; a network takes no others.
    domain: ClassVar[Domain | None] = None

    #: Whether `jacobian` may be left out for now, to be measured from `forward`.
    draft: ClassVar[bool] = False

    #: Whether targets are integers, such as class numbers.
    integer_targets: ClassVar[bool] = False
