"""Costs: one number per example."""

from __future__ import annotations

from typing import ClassVar

from bpframe.component.base import Component

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

    All but `target_shape` may ask for `saved`, a mapping that forward fills for the others.
    """

    _suffix: ClassVar[str] = "Cost"

    #: Whether targets are integers, such as class numbers.
    integer_targets: ClassVar[bool] = False
