"""Constraints: where a parameter has to stay."""

from __future__ import annotations

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Constraint"]

_CONSTRAINT = Category(
    "constraint",
    {"project": Method({"p"}, required=True)},
    suffix="Constraint",
    example="MaxNorm(limit=2.0)",
    written="{kind: max_norm, limit: 2.0}",
    declare="declare project (the nearest array of the set that parameters have to stay in)",
)


class Constraint(Component, category=_CONSTRAINT):
    """A set S that a parameter has to stay in: after every update it is moved to the nearest point of S.

        p ← Π(p) = argmin_{q ∈ S} ‖q − p‖

    `project(self, p)`
        Returns the nearest point, an array like p, for an array of any shape; p itself where it lies in S. Projected
        again it has to stay where it is.

    Source: Bertsekas, On the Goldstein–Levitin–Polyak gradient projection method (1976), eq. (2).
    """
