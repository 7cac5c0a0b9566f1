"""Where a component's inputs may lie, and points drawn from there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.core.component import Component, contract_of
from bpframe.core.component.domain import declared_domain

__all__ = ["Interval", "domains_of"]


@dataclass(frozen=True)
class Interval:
    """An open interval of real numbers; of integers, those with low <= n < high."""

    low: float = -math.inf
    high: float = math.inf

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> np.ndarray[Any, Any]:
        """Draw generic points: normal of this scale on the whole line, moved inside where an end is finite."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            share = 0.02 + 0.96 * rng.random(shape)
            return self.low + (self.high - self.low) * share
        drawn = rng.standard_normal(shape) * scale
        if math.isfinite(self.low):
            return self.low + np.abs(drawn) + 1e-3 * scale
        if math.isfinite(self.high):
            return self.high - np.abs(drawn) - 1e-3 * scale
        return drawn

    def draw_integers(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """Draw integers; where an end is left open, two values beside the other one, else 0 and 1."""
        low = math.ceil(self.low) if math.isfinite(self.low) else None
        high = math.ceil(self.high) if math.isfinite(self.high) else None
        if low is None:
            low = 0 if high is None else min(high - 2, 0)
        return rng.integers(low, low + 2 if high is None else high, shape)

    def __contains__(self, value: float) -> bool:
        return self.low < value < self.high


def domains_of(component: Component, keys: Sequence[str]) -> Mapping[str, Interval]:
    """Return the domain of each input by its key in the Jacobian; of a cost, of a and y."""
    contract = contract_of(type(component))
    if contract.category == "cost":
        names: tuple[str, ...] = ("a", "y")
    else:
        names = contract.inputs or tuple(each for each in (contract.variadic,) if each)
    declared = declared_domain(component, names)
    # `xs[0]`, `xs[1]`, ... are all of the name `xs`.
    return {key: Interval(*declared.get(key.partition("[")[0], ())) for key in keys}
