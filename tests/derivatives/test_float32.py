"""Derivatives of networks in float32 are float32, and those of the same parameters in float64 up to rounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bpframe import Network
from tests.oracles import assert_close

from .zoo import ZOO


def curvature(name: str) -> Callable[..., Any]:
    return lambda network, x, y, v: getattr(network.curvature, name)(x, y).vector


def blocks(network: Network, x: Any, y: Any, v: np.ndarray) -> np.ndarray:
    return np.concatenate([block.ravel() for block in network.curvature.gauss_newton_blocks(x, y).values()])


#: What is asked, and how far rounding may carry it, in its largest entry.
QUANTITIES: dict[str, tuple[Callable[..., Any], float]] = {
    "gauss_newton_diagonal": (curvature("gauss_newton_diagonal"), 1e-5),
    "empirical_fisher_diagonal": (curvature("empirical_fisher_diagonal"), 1e-5),
    "hessian_diagonal": (curvature("hessian_diagonal"), 2e-5),
    "gauss_newton_blocks": (blocks, 1e-5),
    "ggn_vp": (lambda network, x, y, v: network.ggn_vp(x, y, v), 1e-5),
    "hvp": (lambda network, x, y, v: network.hvp(x, y, v), 1e-5),
    "hvp by differences": (lambda network, x, y, v: network.hvp(x, y, v, method="difference"), 3e-3),
}


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_float32_stays_float32(example: Any, name: str) -> None:
    (ask, tolerance), exact = QUANTITIES[name], QUANTITIES[name.partition(" ")[0]][0]
    single, double = example.make("float32"), example.make()
    double.parameters.vector[:] = single.parameters.vector
    x, y = example.data(dtype="float32")
    v = np.random.default_rng(0).standard_normal((2, double.parameters.vector.size))
    found = ask(single, x, y, v)
    assert found.dtype == np.float32
    assert_close(found, exact(double, x, y, v), tolerance)
