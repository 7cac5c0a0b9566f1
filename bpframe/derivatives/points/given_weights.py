"""Sample weights as users hand them in: checked, brought to the mean 1, and by output."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from bpframe.core.backprop.weights import factor_key, mask_key, weight_key
from bpframe.core.component import Cost
from bpframe.core.graph.graph import Graph, Shape, batched
from bpframe.derivatives.points.given_arrays import checked_array
from bpframe.derivatives.points.given_rows import loaded
from bpframe.errors import BpframeError, ContractError, DataError, ShapeMismatch, did_you_mean
from bpframe.validation.plain_arrays import Array, place_of, plain_array

__all__ = ["checked_weight", "checked_weights", "counts_of_targets"]


def checked_weights(
    graph: Graph, sample_weight: Any, dtype: Any, targets: Mapping[str, Array], mean: bool = True
) -> dict[str, Array]:
    """Return what weights put beside the targets, of every output that has some or whose cost asks for them.

    `sample_weight` is None (all count alike), one array for all outputs, or arrays by output; an output that is left
    out has ones. They are multiplied with what a cost says that its targets count. Factors have the mean 1 over the
    examples, so that C = 1/N Σ f_n C_n; with `mean` false they are the weights themselves: w_n C_n is then an example's
    own cost.

    Errors: DataError (no real numbers, below 0, not finite, all 0, too large or too small to count with),
    ShapeMismatch.
    """
    given = _by_output(sample_weight, graph)
    targets = {  # a cost looks at all targets to say what they count
        output: loaded(targets[output], f"targets of '{output}'") if hasattr(cost, "target_weight") else targets[output]
        for output, cost in graph.cost.items()
    }
    found: dict[str, Array] = {}
    for output, cost in graph.cost.items():
        words, batch = graph.weight_words[output], len(targets[output])
        what = "sample_weight" if len(graph.cost) == 1 else f"sample_weight of '{output}'"
        shape = graph.weight_shapes.get(output, ())
        counts = counts_of_targets(cost, targets[output], shape, dtype if words or output not in given else np.float64)
        if output not in given and counts is None:
            found |= _all_alike(output, words, batch, shape, dtype, mean)
            continue
        if output not in given:
            weight = np.ones((batch, *shape), dtype)
        else:
            weight = checked_weight(given[output], batch, what, shape, dtype if words else np.float64)
        if counts is not None:
            weight = weight.reshape(*weight.shape, *(1,) * (1 + len(shape) - weight.ndim))
            weight = weight * counts
            if batch and not weight.any():
                raise DataError(
                    f"no target counts: {what} times target_weight of the cost '{cost.kind}' is 0 everywhere",
                    expected="an example whose class is not ignored, and has a weight above 0",
                    received=f"{batch} examples",
                )
        if words:
            spread = weight.reshape(*weight.shape, *(1,) * (1 + len(shape) - weight.ndim))
            weight = np.ascontiguousarray(np.broadcast_to(spread, (batch, *shape)))
            found |= _handed(output, words, weight, what)
            with np.errstate(over="ignore"):
                factor = np.full(batch, np.divide(batch, weight.sum(dtype=np.float64)) if mean else 1.0)
        else:
            factor = weight / weight.max() if mean else weight.copy()
            if mean:
                factor *= batch / factor.sum()
        with np.errstate(over="ignore"):
            found[factor_key(output)] = factor = factor.astype(dtype)
        if batch and not (np.isfinite(factor).all() and factor.any()):
            raise DataError(
                f"{what} is too large or too small to count with in {np.dtype(dtype)}",
                expected="weights whose sum, and the number of examples over it, are numbers of the network's dtype",
                received=f"at most {weight.max():.3g}",
                hint=f"the weights over their mean: {what.split()[0]} / {what.split()[0]}.mean()",
            )
    return found


def checked_weight(value: Any, batch: int, what: str, positions: Shape = (), dtype: Any = np.float64) -> Array:
    """Return weights of `batch` examples, (N, *leading), of the first of these positions' axes or of all.

    Errors: DataError, ShapeMismatch.
    """
    array = plain_array(value, what)
    shape = positions[: max(array.ndim - 1, 0)]
    if array.ndim == 0 or array.shape != (batch, *shape):
        allowed = [batched(positions[:axes]) for axes in range(len(positions) + 1)]
        raise ShapeMismatch(
            f"{what} has another shape than the examples",
            expected=f"{' or '.join(allowed)}, with N = {batch}",
            received=str(array.shape),
            hint="weights of positions are for a cost whose methods ask for `weight` or `mask`"
            if array.ndim > 1 and not positions
            else None,
        )
    weight = checked_array(array, shape, what, dtype)
    if weight.size and weight.min() < 0:
        first = np.unravel_index(int(np.argmax(weight < 0)), weight.shape)
        raise DataError(
            f"{what} holds numbers below 0",
            expected="0 (does not count) or more, 1 for an example that counts once",
            received=f"{weight[first]} at {place_of(first)}",
        )
    if not weight.any():
        raise DataError(
            f"{what} is 0 everywhere, so that no example counts",
            expected="a positive sum",
            received=f"{weight.size} zeros",
        )
    return weight


def counts_of_targets(cost: Cost, target: Array, positions: Shape, dtype: Any) -> Array | None:
    """Return what a cost says that targets count, checked: (N, *positions); None where all count alike.

    Errors: ContractError, and those of the cost.
    """
    if not hasattr(cost, "target_weight"):
        return None
    what = f"target_weight of the cost '{cost.kind}'"
    try:
        found = cost.target_weight(target)
    except BpframeError:
        raise
    except Exception as error:
        raise ContractError(f"{what} failed", received=f"{type(error).__name__}: {error}") from error
    if found is None:
        return None
    wanted = (len(target), *positions)
    right = isinstance(found, np.ndarray) and found.shape == wanted and found.dtype.kind in "fiub"
    if not right or not (np.isfinite(found).all() and (found >= 0).all()):
        raise ContractError(
            f"{what} must return a weight of 0 or more for every target",
            expected=f"finite numbers of shape {wanted}, or None",
            received=f"numbers of shape {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__,
        )
    weight: Array = found.astype(dtype)
    return weight


def _all_alike(
    output: str, words: Collection[str], batch: int, positions: Shape, dtype: Any, mean: bool
) -> dict[str, Array]:
    """Return ones for the cost that asks for them, and 1 / (number of positions) as factors where that is not 1."""
    found: dict[str, Array] = {}
    if "weight" in words:
        found[weight_key(output)] = np.ones((batch, *positions), dtype)
    if "mask" in words:
        found[mask_key(output)] = np.ones((batch, *positions), bool)
    if words and (count := math.prod(positions)) != 1:
        found[factor_key(output)] = np.full(batch, 1.0 / max(1, count) if mean else 1.0, dtype)
    return found


def _handed(output: str, words: Collection[str], weight: Array, what: str) -> dict[str, Array]:
    """Return what a cost that asks for weights is handed."""
    mask = weight != 0
    if "weight" not in words and not (weight[mask] == 1).all():
        other = np.argwhere(mask & (weight != 1))[0]
        raise DataError(
            f"the cost of '{output}' asks for `mask` alone, and takes what counts or does not",
            expected=f"{what} of 0 and 1, or of False and True",
            received=f"{weight[tuple(other)]} at {place_of(other)}",
            hint="a cost that asks for `weight` takes any numbers from 0 on",
        )
    found = {}
    if "weight" in words:
        found[weight_key(output)] = weight
    if "mask" in words:
        found[mask_key(output)] = mask
    return found


def _by_output(sample_weight: Any, graph: Graph) -> Mapping[str, Any]:
    if sample_weight is None:
        return {}
    if not isinstance(sample_weight, Mapping):
        return dict.fromkeys(graph.cost, sample_weight)
    for name in sample_weight:
        if name not in graph.cost:
            raise DataError(
                "sample_weight names no output that has a cost",
                expected="some of " + ", ".join(graph.cost),
                received=str(name),
                hint=did_you_mean(name, graph.cost),
            )
    return sample_weight
