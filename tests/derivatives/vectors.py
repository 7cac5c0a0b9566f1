"""Unit vectors in the form in which products take them."""

from __future__ import annotations

import numpy as np
import pytest

from .zoo import ZOO

#: Every network, with its parameters and with its inputs, where these have a derivative.
PARAMETERS_AND_INPUTS = [
    pytest.param(example, wrt, id=f"{example.name}-{wrt}")
    for example in ZOO
    for wrt in ("parameters", "inputs")
    if not (wrt == "inputs" and example.tokens)
]


def columns(network, x, wrt):
    """All unit vectors, in the form in which products take them: (D, ...)."""
    if wrt == "parameters":
        return np.eye(network.parameters.vector.size)
    arrays = x if isinstance(x, dict) else {next(iter(network.graph.inputs)): x}
    basis, found, start = np.eye(sum(array.size for array in arrays.values())), {}, 0
    for name, array in arrays.items():
        found[name] = basis[:, start : start + array.size].reshape(-1, *array.shape)
        start += array.size
    return found


def flat(result):
    """What a product returned for D unit vectors, as (D, D)."""
    if isinstance(result, np.ndarray):
        return result
    return np.concatenate([array.reshape(len(array), -1) for array in result.values()], axis=1)
