"""A layer, a block and costs that once fought the contract pass the kit whole; so does a rule with a schedule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_optimizers import Adamw, Cosine
from bpframe_reference import Dense, QuadraticCost, Sigmoid

from bpframe import Network
from bpframe.extend import Component
from bpframe.testing import check_component
from tests.components.blocks import Residual
from tests.components.gated import Lstm
from tests.components.masked_cross_entropy import MaskedSquares, SequenceCrossEntropy

PROBES: dict[str, tuple[Component, tuple[int, ...]]] = {
    "lstm": (Lstm(units=3), (4, 2)),
    "residual block": (Residual(units=5), (3,)),
    "weighted cross-entropy": (SequenceCrossEntropy(), (4, 3)),
    "masked squares": (MaskedSquares(), (4, 3)),
}


@pytest.mark.parametrize("name", PROBES)
def test_the_kit_finds_nothing_and_skips_nothing(name: str) -> None:
    component, shape = PROBES[name]
    report = check_component(component, [shape])
    assert report.ok, str(report)
    assert not report.skipped, report.text(verbose=True)


def test_adam_takes_its_rate_from_a_schedule_and_its_fields_by_pattern() -> None:
    """Against the algorithm written out, per parameter: biases have a rate of their own, and no decay."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 3)), rng.random((6, 2))
    rate = Cosine(start=0.02, over=12, by="step")
    network = Network([Dense(units=2), Sigmoid()], cost=QuadraticCost(), input_shape=(3,), seed=1)
    theta = {path: array.copy() for path, array in network.parameters.items()}
    moments: dict[str, Any] = dict.fromkeys(theta, (0.0, 0.0))
    other = Network([Dense(units=2), Sigmoid()], cost=QuadraticCost(), input_shape=(3,), seed=1)
    for step in range(5):
        for path, array in theta.items():
            other.parameters[path] = array
        for path, g in other.gradient(x, y).items():
            eta, decay = (0.1, 0.0) if path.endswith(".b") else (float(rate.value(step, 0)), 0.3)
            m, v = moments[path]
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            moments[path] = m, v
            corrected = m / (1 - 0.9 ** (step + 1)) / (np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8)
            theta[path] = theta[path] - eta * (corrected + decay * theta[path])
    network.fit(x, y, optimizer=Adamw(learning_rate=rate, weight_decay=0.3), epochs=5, batch_size=6, shuffle=False,
                groups={"*.b": {"learning_rate": 0.1, "weight_decay": 0}})  # fmt: skip
    for path, array in theta.items():
        np.testing.assert_allclose(network.parameters[path], array, rtol=1e-12)
