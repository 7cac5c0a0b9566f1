"""After a pass that failed, in whichever of many, the next ones are right."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.errors import ContractError
from bpframe.extend import Activation, Diagonal

PASSES = 60


class RefusesLarge(Activation):
    """It is called in every pass, because it decides by the numbers."""

    def forward(self, x):
        if np.abs(x).max() > 1e6:
            raise ValueError("too large")
        return 2 * x

    def jacobian(self, x):
        return Diagonal(np.full_like(x, 2))


class Tanh(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, y):
        return Diagonal(1 - y * y)


def network():
    layers = [Dense(units=3), RefusesLarge(), Tanh(), Dense(units=2)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(4,), seed=1)


USES = {
    "predict": lambda net, x, y: net.predict(x),
    "cost": lambda net, x, y: net.cost(x, y),
    "gradient": lambda net, x, y: np.concatenate([each.ravel() for each in net.gradient(x, y).values()]),
}


@pytest.mark.parametrize("use", USES)
def test_after_a_component_failed(use) -> None:
    """Also where it failed in one of the passes in which the record is held against the components."""
    generator = np.random.default_rng(0)
    batches = [(generator.normal(size=(3, 4)), generator.normal(size=(3, 2))) for _ in range(PASSES)]
    expected = [USES[use](network(), x, y) for x, y in batches]
    for failing in range(PASSES):
        net = network()
        for number, (x, y) in enumerate(batches):
            if number == failing:
                with pytest.raises(ContractError, match="too large"):
                    USES[use](net, 1e9 * x, y)
            elif number < failing + 3:
                found = USES[use](net, x, y)
                np.testing.assert_allclose(found, expected[number], rtol=1e-12)
