"""Where a component's inputs may lie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.component import Component

__all__ = ["Domain", "domains_of"]


@dataclass(frozen=True)
class Domain:
    """An open interval of real numbers; for integer inputs, how many values there are, from 0 on."""

    low: float = -math.inf
    high: float = math.inf
    integers: int = 2

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

    def __contains__(self, value: float) -> bool:
        return self.low < value < self.high


def domains_of(component: Component, keys: Sequence[str]) -> Mapping[str, Domain]:
    """Return the domain of each input that the component declares: `domain = (low, high)`, or a mapping by input."""
    declared = getattr(component, "domain", None)
    if declared is None:
        return {key: Domain() for key in keys}
    if isinstance(declared, Mapping):
        return {key: Domain(*declared[key]) if key in declared else Domain() for key in keys}
    return {key: Domain(*declared) for key in keys}
