"""Groups of parameters below a rule that sees all of them: each has a copy of the inner rule with its own fields."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.categories import Optimizer
from bpframe.core.graph.parameters import slices_of
from bpframe.training.held_rule import Now
from bpframe.training.rule import Rule
from bpframe.validation.plain_arrays import Array

__all__ = ["InnerGroups"]

Arrays = dict[str, Array]


class InnerGroups:
    """One rule for each group, which together change a vector that holds the parameters of all.

    `groups` are an optimizer and the paths of its parameters by pattern, of which the names of its state begin.
    """

    def __init__(
        self,
        groups: Mapping[str, tuple[Optimizer, tuple[str, ...]]],
        theta: Array,
        shapes: Mapping[str, tuple[int, ...]],
        rng: np.random.Generator,
    ) -> None:
        places, entries = slices_of(shapes), np.arange(theta.size)
        self._groups: list[tuple[str, Array, Rule]] = []
        self.state: Arrays = {}
        for pattern, (optimizer, paths) in groups.items():
            rows = np.concatenate([entries[:0], *(entries[places[path]] for path in paths)])
            rule = Rule(optimizer, theta[rows], {path: shapes[path] for path in paths}, rng)
            prefix = f"{pattern}/" if pattern else ""
            self._groups.append((prefix, rows, rule))
            self.state |= {f"{prefix}{name}": each for name, each in rule.state.items()}
        self.writes_anew = any(rule.writes_anew for _, _, rule in self._groups)

    def changed(
        self, gradient: Array, parameters: Array, out: Array, now: Now, state: Mapping[str, Array], buffers: Arrays
    ) -> tuple[Array, Arrays]:
        """Return Δθ, in `out`, and the new state of all groups. Errors: ContractError."""
        new: Arrays = {}
        for prefix, rows, rule in self._groups:
            own, room = (
                {name: each[f"{prefix}{name}"] for name in rule.state if f"{prefix}{name}" in each}
                for each in (state, buffers)
            )
            change, found = rule.changed(
                gradient[rows], parameters[rows], np.empty(rows.size, out.dtype), now, own, room
            )
            out[rows] = change
            new |= {f"{prefix}{name}": each for name, each in found.items()}
        return out, new
