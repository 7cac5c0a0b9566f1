"""Some entries of a gradient, from back-propagation and from the complex step, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.derivatives.complex_step import complex_step
from bpframe.engine import Engine
from bpframe.randomness import stream

__all__ = ["CheckedEntry", "GradientCheck", "check_gradient"]

Array = np.ndarray[Any, Any]

#: Below this share of a parameter's largest entry, an entry's error is measured against that share: what is left of
#: a sum in which everything cancelled carries the rounding errors of its terms.
FLOOR = 1e-3


@dataclass(frozen=True)
class CheckedEntry:
    """One entry of ∂C/∂θ: which, and what both ways give."""

    parameter: str
    index: tuple[int, ...]
    back_propagation: float
    complex_step: float
    relative_error: float


@dataclass(frozen=True)
class GradientCheck:
    """The entries that were compared, in the order of the parameters."""

    entries: tuple[CheckedEntry, ...]

    @property
    def max_relative_error(self) -> float:
        """The largest relative error; 0 where there is no parameter."""
        return max((each.relative_error for each in self.entries), default=0.0)


def check_gradient(
    engine: Engine,
    inputs: Mapping[str, Array],
    targets: Mapping[str, Array],
    per_parameter: int = 3,
    seed: int = 0,
) -> GradientCheck:
    """Compare ∂C/∂θ of the mean cost, BP1 to BP4, with the complex step, in float64 whatever the engine's dtype.

    Of every parameter the largest entry is checked, and others that are drawn at random, `per_parameter` in all.

        error = |g - c| / max(|c|, 1e-3 max |g of the parameter|)        g: back-propagation, c: complex step

    The engine is left as it is. See `complex_step` for what the components must be able to do.
    """
    exact = Engine(engine.graph, np.float64, engine.seed)
    exact.parameters.vector[:] = engine.parameters.vector
    exact.state = {
        node: {name: array.astype(np.float64) for name, array in named.items()} for node, named in engine.state.items()
    }
    wide_inputs, wide_targets = ({name: _wide(array) for name, array in part.items()} for part in (inputs, targets))
    exact.differentiate(wide_inputs, wide_targets, training=False)
    gradient = exact.gradient
    rng = stream(seed, "gradient check")
    chosen = {path: _chosen(gradient[path].reshape(-1), per_parameter, rng) for path in gradient}
    starts = dict(zip(gradient, np.cumsum([0, *(gradient[path].size for path in gradient)]), strict=False))
    expected = iter(
        complex_step(
            exact, wide_inputs, wide_targets, [int(starts[path]) + k for path, ks in chosen.items() for k in ks]
        )
    )
    entries = []
    for path, ks in chosen.items():
        largest = float(np.abs(gradient[path]).max(initial=0.0))
        for k in ks:
            index = tuple(int(i) for i in np.unravel_index(k, gradient[path].shape))
            entries.append(_entry(path, index, float(gradient[path][index]), float(next(expected)), largest))
    return GradientCheck(tuple(entries))


def _entry(path: str, index: tuple[int, ...], ours: float, theirs: float, largest: float) -> CheckedEntry:
    scale = max(abs(theirs), FLOOR * largest)
    difference = abs(ours - theirs)
    error = difference / scale if difference else 0.0
    # NaN would get lost in a maximum.
    return CheckedEntry(path, index, ours, theirs, error if np.isfinite(error) else np.inf)


def _chosen(gradient: Array, count: int, rng: np.random.Generator) -> list[int]:
    if gradient.size == 0:
        return []
    largest = int(np.argmax(np.abs(gradient)))
    others = [int(k) for k in rng.permutation(gradient.size)[:count] if k != largest]
    return [largest, *others[: count - 1]]


def _wide(array: Array) -> Array:
    return array if array.dtype.kind in "iu" else array.astype(np.float64)
