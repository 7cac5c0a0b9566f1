"""Components that declare no second order, and a network of them."""

from __future__ import annotations

import numpy as np
from bpframe_reference import QuadraticCost

from bpframe import Network
from bpframe.core.component import Activation, Cost
from bpframe.extend import Array, Diagonal, Operator
from tests.contract.cases import scatter


class Silent(Activation):
    """sin, with no second order."""

    def forward(self, x: Array) -> Array:
        return np.sin(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.cos(x))


class NoHessian(Cost):
    """Σ (a − y)⁴."""

    def forward(self, a: Array, y: Array) -> Array:
        return ((a - y) ** 4).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return 4 * (a - y) ** 3


def made(*layers, cost=None):
    network = Network(list(layers), input_shape=(3,), cost=cost or QuadraticCost(), seed=1)
    scatter(network)
    rng = np.random.default_rng(0)
    return network, rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
