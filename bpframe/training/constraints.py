"""Keeping parameters where their constraints want them, after every update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from bpframe.categories import Constraint
from bpframe.categories.calling import call_method
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.results import failed, fits, wrong_array
from bpframe.core.backprop.workspace import locked
from bpframe.core.graph.graph import Graph
from bpframe.errors import ContractError, SpecError
from bpframe.training.nonfinite import all_finite
from bpframe.validation.patterns import matching
from bpframe.validation.plain_arrays import Array

__all__ = ["Projections", "constrained"]

#: A start counts as inside where its projection differs from it by so many roundings: it was projected before.
ROUNDINGS = 1000


def constrained(constraints: Mapping[str, Constraint], graph: Graph) -> dict[str, Constraint]:
    """Return the constraint of each trained parameter that has one, by path. The first pattern that matches counts.

    One each: the nearest point of what two sets have in common is not found by going to one and then to the other.

    Errors: SpecError (a pattern matches no parameter, or none that an earlier one has left).
    """
    found: dict[str, Constraint] = {}
    taken: set[str] = set()
    for pattern, constraint in constraints.items():
        every = matching(pattern, graph.all_parameters, "constraints")
        own = [path for path in every if path not in taken]
        if not own:
            raise SpecError(
                f"constraints: '{pattern}' has no parameter of its own: the first pattern that matches counts",
                received=f"{', '.join(every)}, in constraints before it",
                hint="put the narrower pattern first; for what two sets have in common, write one constraint",
            )
        taken.update(own)
        found |= {path: constraint for path in own if path in graph.parameters}
    return found


class _Projection(NamedTuple):
    """A constraint of one parameter: where it stands, the parameter's memory, and what is called."""

    where: str
    constraint: Constraint
    p: Array
    vector: Array
    project: Callable[[], Array]

    @classmethod
    def of(cls, path: str, constraint: Constraint, p: Array) -> _Projection:
        handed = locked(p)
        where = f"the constraint of '{path}' ({constraint.kind})"
        return cls(where, constraint, p, p.reshape(-1), lambda: call_method(constraint, "project", p=handed))

    def nearest(self) -> Array:
        """Return Π(p), an array like p; p where that is not finite, for others to name. Errors: ContractError."""
        if not all_finite(self.vector):
            return self.p
        try:
            found = self.project()
        except Exception as error:
            raise failed(self.where, "project", error) from error
        if not fits(found, self.p.shape, self.p.dtype):
            problem = f"{self.where}: project must return an array like p"
            raise wrong_array(problem, found, self.p.shape, self.p.dtype, self.constraint, "p")
        if not np.isfinite(found).all():
            raise ContractError(
                f"{self.where}: project returned NaN or infinity",
                expected="the nearest point of its set",
                received=f"{int((~np.isfinite(found)).sum())} of {found.size} entries are not finite",
            )
        return found


class Projections:
    """The constraints of a network's parameters, bound to their memory; false where there is none."""

    def __init__(self, constraints: Mapping[str, Constraint], engine: Engine) -> None:
        views = engine.parameters.views
        found = constrained(constraints, engine.graph)
        self._all = [_Projection.of(path, constraint, views[path]) for path, constraint in found.items()]

    def __bool__(self) -> bool:
        return bool(self._all)

    def apply(self) -> None:
        """Move every parameter to the nearest point of its set, p ← Π(p). Errors: ContractError."""
        for each in self._all:
            each.p[...] = each.nearest()

    def begin(self) -> None:
        """The same before the first step, all or none; what was projected before stays as it is, to the last bit."""
        nearest = [each.nearest() for each in self._all]
        for each, found in zip(self._all, nearest, strict=True):
            allowed = ROUNDINGS * np.finfo(found.dtype).eps * np.abs(each.p).max(initial=0.0)
            if np.abs(found - each.p).max(initial=0.0) > allowed:
                each.p[...] = found
