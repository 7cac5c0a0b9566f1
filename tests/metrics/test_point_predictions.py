"""Metrics of numbers compare what the outputs predict with the target in its own units, as the cost says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_classification import AbsoluteCost, GaussianNllCost, PoissonNllCost, QuantileCost
from bpframe_metrics import R2, Mae, Rmse
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.errors import ContractError, DataError
from bpframe.extend import Array, Cost, Metric
from bpframe.runs import evaluate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 5, 3))
STILL = GradientDescent(learning_rate=1e-30)


class Width(Metric):
    """What else outputs hold is there as ever: the mean of a predicted variance."""

    def measure(self, prediction: Array) -> float:
        return float(np.exp(prediction[..., -1]).mean())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("cost", "units", "predicts"),
    [
        (GaussianNllCost(), 4, lambda a: a[..., :2]),
        (PoissonNllCost(), 2, np.exp),
        (QuantileCost(q=0.9), 2, lambda a: a),
        (AbsoluteCost(), 2, lambda a: a),
    ],
    ids=["gaussian", "poisson", "quantile", "absolute"],
)
def test_they_measure_what_is_predicted_of_the_target(cost: Cost, units: int, predicts: Any, dtype: str) -> None:
    net = bp.Network([Dense(units=units)], cost=cost, input_shape=(5, 3), dtype=dtype, seed=2)
    y, w = RNG.poisson(2, size=(30, 5, 2)).astype(float), RNG.uniform(0.1, 2, 30)
    for weight in (None, w):
        metrics = [Mae(), Rmse(), R2(), Width()]
        last = net.fit(X, y, sample_weight=weight, optimizer=STILL, epochs=1, metrics=metrics).epochs[-1]
        a = predicts(net.predict(X)).astype(float)
        share = np.full((30, 5), 1.0) if weight is None else np.broadcast_to(w[:, None], (30, 5))
        squares = np.average(((a - y) ** 2).reshape(-1, 2), axis=0, weights=share.ravel())
        assert last.metrics["rmse"] == pytest.approx(np.sqrt(squares).mean(), rel=1e-5)
        distance = np.average(np.abs(a - y).reshape(-1, 2), axis=0, weights=share.ravel()).mean()
        assert last.metrics["mae"] == pytest.approx(distance, rel=1e-5)
        found = evaluate(net, X, y, sample_weight=weight).metrics
        assert found == pytest.approx({key: last.metrics[key] for key in found}, rel=1e-6)
        if units == 4:
            assert last.metrics["width"] == pytest.approx(np.exp(net.predict(X)[..., -1]).mean(), rel=1e-5)


def test_of_several_quantiles_it_is_the_median() -> None:
    y = RNG.normal(size=(30, 5))
    net = bp.Network([Dense(units=3)], cost=QuantileCost(q=(0.1, 0.5, 0.9)), input_shape=(5, 3))
    last = net.fit(X, y, optimizer=STILL, epochs=1, metrics=["mae"]).epochs[-1]
    off = np.abs(net.predict(X)[..., 1] - y)
    assert last.metrics["mae"] == pytest.approx(off.mean(), rel=1e-12)
    net = bp.Network([Dense(units=2)], cost=QuantileCost(q=(0.1, 0.9)), input_shape=(5, 3))
    with pytest.raises(DataError, match="several quantiles without the median predict no number"):
        net.fit(X, y, optimizer=STILL, epochs=1, metrics=["mae"])
    assert not len(net.history)


def test_a_cost_that_says_it_wrongly_is_named() -> None:
    class Whole(QuadraticCost):
        def point_prediction(self, a: Array) -> Array:
            return a[..., 0]

    class Fails(QuadraticCost):
        def point_prediction(self, a: Array) -> Array:
            raise KeyError("mean")

    for cost, said in ((Whole(), "must return a number for each of a target"), (Fails(), "failed")):
        net = bp.Network([Dense(units=2)], cost=cost, input_shape=(3,))
        with pytest.raises(ContractError, match=f"point_prediction of the cost '{cost.kind}' {said}"):
            net.fit(X[:, 0], X[:, 0, :2], optimizer=STILL, epochs=1, metrics=["mae"])
