"""Several labels, of which any number may be right at once: every output is a yes or no of its own."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Softmax
from bpframe_classification import BinaryCrossEntropy, CrossEntropy, ProbabilityCrossEntropy
from bpframe_metrics import F1, Accuracy, CalibrationError, LogLoss, Precision, ReliabilityCurve, RocAuc
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.errors import BpframeError, DataError, ShapeMismatch
from bpframe.extend import Metric
from bpframe.runs import evaluate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5, 3))
Y = (RNG.random((40, 5, 4)) < 0.4).astype(float)
STILL = GradientDescent(learning_rate=1e-30)
METRICS = [
    Accuracy(multi_label=True), F1(average="micro", multi_label=True), RocAuc(average="each", multi_label=True),
    LogLoss(multi_label=True), CalibrationError(multi_label=True), ReliabilityCurve(multi_label=True),
]  # fmt: skip


@pytest.mark.parametrize("probabilities", [False, True])
def test_in_training_they_know_scores_thresholds_weights_and_masks(probabilities: bool) -> None:
    layers = [Dense(units=4), *[Sigmoid()] * probabilities]
    cost = ProbabilityCrossEntropy(targets="binary") if probabilities else BinaryCrossEntropy()
    net = bp.Network(layers, cost=cost, input_shape=(5, 3), seed=1)
    mask = np.arange(5) < RNG.integers(1, 6, 40)[:, None]
    entries = mask[..., None] * RNG.uniform(0.1, 2, (40, 5, 4))
    shares = net.predict(X) if probabilities else 1 / (1 + np.exp(-net.predict(X)))
    for weight in (None, np.arange(40.0), entries):
        last = net.fit(X, Y, sample_weight=weight, optimizer=STILL, epochs=1, metrics=METRICS).epochs[-1]
        axes = (1,) * (3 - np.ndim(weight)) if weight is not None else ()
        w = np.broadcast_to(np.ones(Y.shape) if weight is None else weight.reshape(*weight.shape, *axes), Y.shape)
        right = (shares > 0.5) == (Y == 1)
        assert last.accuracy == pytest.approx((w * right).sum() / w.sum(), rel=1e-12)
        expected = 2 * (w * (shares > 0.5) * Y).sum() / (w * ((shares > 0.5) + Y)).sum()
        assert last.metrics["f1"] == pytest.approx(expected, rel=1e-12)
        assert last.metrics["log_loss"] == pytest.approx(net.cost(X, Y, sample_weight=weight), rel=1e-10)
        for k, area in enumerate(last.metrics["roc_auc"]):
            p, yes, u = shares[..., k].ravel(), Y[..., k].ravel() == 1, w[..., k].ravel()
            above = (p[yes][:, None] > p[~yes]) * u[yes][:, None] * u[~yes]
            assert area == pytest.approx(above.sum() / (u[yes].sum() * u[~yes].sum()), rel=1e-12)
        curve, p = np.array(last.metrics["reliability_curve"]), shares.ravel()
        place = np.minimum((np.ceil(p * 15) - 1).astype(int), 14)
        np.testing.assert_allclose(curve[:, 2], np.bincount(place, w.ravel(), 15) / w.sum(), rtol=1e-12)
        error = (curve[:, 2] * np.abs(curve[:, 0] - curve[:, 1])).sum()
        assert last.metrics["calibration_error"] == pytest.approx(error, rel=1e-12)
        assert evaluate(net, X, Y, sample_weight=weight).accuracy == last.accuracy


@pytest.mark.parametrize("metric", [Accuracy(), F1(average="macro"), Precision(average="each")], ids=repr)
def test_without_the_field_labels_are_refused_and_the_way_is_named(metric: Metric) -> None:
    net = bp.Network([Dense(units=4)], cost=BinaryCrossEntropy(), input_shape=(5, 3))
    with pytest.raises(DataError, match=f"{metric.kind} cannot tell the class of these targets") as caught:
        net.fit(X, Y, optimizer=STILL, epochs=1, metrics=[metric])
    assert f"the metric {metric.kind} with multi_label: true" in str(caught.value.hint)


@pytest.mark.parametrize("metric", METRICS, ids=repr)
def test_scores_of_one_right_class_and_targets_of_another_shape_are_refused(metric: Metric) -> None:
    rows = np.eye(4)[RNG.integers(0, 4, 40)]
    net = bp.Network([Dense(units=4)], cost=CrossEntropy(targets="probabilities"), input_shape=(3,))
    with pytest.raises(DataError, match="the cost has one right class"):
        net.fit(X[:, 0], rows, optimizer=STILL, epochs=1, metrics=[metric])
    with pytest.raises(ShapeMismatch, match=f"{metric.kind} cannot compare"):
        metric.measure(np.full((6, 3), 0.5), np.zeros(6, int))
    with pytest.raises(BpframeError, match="two classes"):
        metric.measure(np.full((6, 3), 0.5), np.full((6, 3), 0.5))


def test_the_mean_over_labels_has_no_binary() -> None:
    with pytest.raises(DataError, match="several labels have no one class"):
        F1(multi_label=True).measure(np.full((6, 3), 0.7), np.ones((6, 3)))
    nothing = F1(multi_label=True, average="weighted").measure(np.full((6, 3), 0.7), np.zeros((6, 3)))
    assert nothing == 0.0
    net = bp.Network([Dense(units=4), Softmax()], cost=QuadraticCost(), input_shape=(3,))
    history = net.fit(X[:, 0], Y[:, 0], optimizer=STILL, epochs=1, metrics=[Accuracy(multi_label=True)])
    assert history.epochs[-1].accuracy == np.mean((net.predict(X[:, 0]) > 0.5) == Y[:, 0])
