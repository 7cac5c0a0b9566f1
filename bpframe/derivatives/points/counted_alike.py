"""Whether an example counts alike in all outputs: only then has it one gradient that is a share of the network's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.core.backprop.weights import counting, factor_key
from bpframe.core.graph.graph import Graph
from bpframe.errors import DerivativeError
from bpframe.validation.plain_arrays import Array

__all__ = ["check_factors", "sum_of_weights"]


def sum_of_weights(graph: Graph, targets: Mapping[str, Array], count: int) -> float:
    """Return Σ_n w_n, over positions too where a cost asks for the weights of these; N where there are none.

    Gradients of w_n C_n, added up, are that many times the network's gradient.

    Errors: DerivativeError where it is not the same for all outputs: then they add up to no multiple of it.
    """
    if len(targets) == len(graph.cost):
        return count
    sums = {output: float(counting(output, targets, count).sum(dtype=np.float64)) for output in graph.cost}
    least, most = min(sums.values()), max(sums.values())
    if most - least > _ROUNDING * most:
        raise DerivativeError(
            "the examples count differently in several outputs, so that no one number divides their sum: their "
            "gradients add up to no multiple of the network's",
            expected="as much weight in all outputs",
            received=", ".join(f"Σ w = {each:g} in '{output}'" for output, each in sums.items()),
            hint="sample_weight by output, "
            + ", ".join(f"{least / each:.8g} for '{output}'" for output, each in sums.items() if each > least)
            + ", times what is given now",
        )
    return next(iter(sums.values()))


def check_factors(graph: Graph, targets: Mapping[str, Array]) -> None:
    """Refuse examples whose costs are multiplied with different numbers in several outputs.

    The squares of an example's gradient count as often as it does, which is one number for each.

    Errors: DerivativeError.
    """
    if len(graph.cost) == 1 or len(targets) == len(graph.cost):
        return
    first, *others = graph.cost
    one = targets.get(factor_key(first), 1.0)
    for output in others:
        other = targets.get(factor_key(output), 1.0)
        if np.any(np.abs(other - one) > _ROUNDING * np.maximum(one, other)):
            raise DerivativeError(
                "the examples count differently in several outputs, so that the square of an example's gradient has no "
                "one weight",
                expected=f"examples that count in '{output}' as in '{first}'",
                received=f"factors {_range(one)} in '{first}', {_range(other)} in '{output}'",
                hint="sample_weight by output; where positions count by themselves, 1 over their number there",
            )


def _range(factors: Array | float) -> str:
    least, most = np.min(factors), np.max(factors)
    return f"{least:.3g}" if least == most else f"{least:.3g} to {most:.3g}"


#: Weights are rounded to the network's dtype: what differs by less, relatively, is equal.
_ROUNDING = 4 * float(np.finfo(np.float32).eps)
