"""Sample weights: how much each example's cost counts, kept among the targets, so that both are cut in the same rows.

    C = Σ_o Σ_n w_on C_on / W_o,    W_o = Σ_n w_on        as        C = 1/N Σ_n Σ_o f_on C_on,    f_on = w_on N / W_o

An example's costs are multiplied with its *factors* f, whose mean is 1: all else goes on to divide by N. A cost that
asks for `weight` or `mask` multiplies with it itself, position by position, and W_o adds over the positions: its
factors are then N / W_o, the same for all examples. Where all factors are 1 there are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from bpframe.core.backprop.steps import CostStep
from bpframe.validation.plain_arrays import Array

__all__ = ["Scale", "counting", "factor_key", "mask_key", "scale_of", "scaled", "weight_key"]

#: What a summed cost's gradient is multiplied with: one number for all costs, or one for each.
Scale: TypeAlias = float | tuple[float, ...]


def factor_key(output: str) -> str:
    """Return where the factors of an output's examples stand among the targets, (N,)."""
    return f"factors of {output}"


def weight_key(output: str) -> str:
    """Return where the weights that an output's cost asks for stand among the targets, (N, *positions)."""
    return f"weights of {output}"


def mask_key(output: str) -> str:
    """Return where the mask that an output's cost asks for stands among the targets, (N, *positions) of bool."""
    return f"mask of {output}"


def scaled(gradient: Any, factor: Any, scale: Any, out: Any = None) -> Any:
    """Multiply arrays, (N, *output), with a number and with the factors of the examples, where there are some.

    What does not count is 0, also where it is infinite or NaN.
    """
    if factor is None:
        return np.multiply(gradient, scale, out=out)
    each = np.multiply(factor, scale)
    each = each.reshape(*each.shape, *(1,) * (gradient.ndim - 1))
    return np.multiply(np.where(np.equal(each, 0), 0, gradient), each, out=out)


def counting(output: str, targets: Mapping[str, Array], batch: int) -> Array:
    """Return how much every example counts in an output's cost: (N,), with the mean 1 over all examples."""
    factor = targets.get(factor_key(output))
    if factor is None:
        return np.ones(batch)
    positions = targets.get(weight_key(output), targets.get(mask_key(output)))
    found: Array = np.asarray(factor, np.float64)
    return found if positions is None else found * positions.reshape(batch, -1).sum(axis=1, dtype=np.float64)


def scale_of(costs: Sequence[CostStep], targets: Mapping[str, Array], batch: int) -> Scale:
    """Return what makes the sum over some examples their own mean: 1/N, and 0 where no example counts."""
    if len(targets) == len(costs) or not any(factor_key(each.output) in targets for each in costs):
        return 1.0 / batch
    sums = (float(np.add.reduce(counting(each.output, targets, batch))) for each in costs)
    return tuple(1.0 / total if total > 0 else 0.0 for total in sums)
