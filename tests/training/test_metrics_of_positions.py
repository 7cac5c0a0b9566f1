"""A metric that asks for `weight` or `mask` is handed what the network's cost is: padding can be left out of it."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_metrics import Accuracy, TopK
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.extend import Array, Cost, Metric
from tests.components.masked_cross_entropy import MaskedSquares, SequenceCrossEntropy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5, 2))
MASK = np.arange(5) < np.array([1, 2, 3, 4, 5, 5, 3, 2, 1, 4, 5, 2])[:, None]
STILL = GradientDescent(learning_rate=1e-30)


class RightTokens(Metric):
    """The weighted share of positions whose class is right."""

    def measure(self, prediction: Array, target: Array, weight: Array) -> float:
        return float(np.average(prediction.argmax(axis=-1) == target, weights=weight))


class Near(Metric):
    """The share of positions that are near, of those that count."""

    def measure(self, prediction: Array, target: Array, mask: Array) -> float:
        assert mask.dtype == bool
        return float(np.mean((np.abs(prediction - target) < 1).all(axis=-1)[mask]))


class Shape(Metric):
    """How many axes the weights have."""

    def measure(self, weight: Array) -> float:
        return float(weight.ndim)


def network(cost: Cost, units: int, length: int | None = 5) -> bp.Network:
    return bp.Network([Dense(units=units)], cost=cost, input_shape=(length, 2))


@pytest.mark.parametrize("length", [5, None])
def test_padding_does_not_count_in_a_metric_of_tokens(length: int | None) -> None:
    net, y = network(SequenceCrossEntropy(), 4, length), RNG.integers(0, 4, (12, 5))
    weight = MASK * RNG.uniform(0.5, 2, 12)[:, None]
    right = net.predict(X).argmax(axis=-1) == y
    valid = {"validation_data": (X[:6], y[:6], weight[:6]), "metrics": [RightTokens()], "progress": False}
    history = net.fit(X, y, sample_weight=weight, optimizer=STILL, epochs=1, **valid)
    expected = (weight * right)[:6].sum() / weight[:6].sum()
    assert history.column("validation_right_tokens") == [pytest.approx(expected, abs=1e-12)]
    history = net.fit(X, y, optimizer=STILL, epochs=1, metrics=[RightTokens()], progress=False)
    assert history.column("right_tokens")[-1] == pytest.approx(right.mean(), abs=1e-12)


def test_a_cost_of_a_mask_hands_its_mask_on() -> None:
    net, y = network(MaskedSquares(), 1), RNG.normal(size=(12, 5, 1))
    near = np.abs(net.predict(X) - y)[..., 0] < 1
    history = net.fit(X, y, sample_weight=MASK, optimizer=STILL, epochs=1, metrics=[Near()], progress=False)
    assert history.column("near") == [pytest.approx(near[MASK].mean(), abs=1e-12)]


def test_where_the_cost_has_no_positions_the_weights_are_those_of_the_examples() -> None:
    net, y = network(QuadraticCost(), 1), RNG.normal(size=(12, 5, 1))
    for weight in (None, np.arange(12.0)):
        history = net.fit(X, y, sample_weight=weight, optimizer=STILL, epochs=1, metrics=[Shape()], progress=False)
        assert history.column("shape")[-1] == 1


@pytest.mark.parametrize("metric", [Accuracy(), TopK(k=2)])
def test_metrics_of_classes_count_positions_and_leave_padding_out(metric: Metric) -> None:
    net, y = network(SequenceCrossEntropy(), 4), RNG.integers(0, 4, (12, 5))
    scores = net.predict(X)
    places = (scores > np.take_along_axis(scores, y[..., None], -1)).sum(axis=-1)
    right = places < getattr(metric, "k", 1)
    history = net.fit(X, y, sample_weight=MASK, optimizer=STILL, epochs=1, metrics=[metric], progress=False)
    assert history.column(metric.kind) == [pytest.approx(right[MASK].mean(), abs=1e-12)]
