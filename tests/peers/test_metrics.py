"""The metrics beside scikit-learn's: weights, ties, and classes that no target or no prediction has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

sk = pytest.importorskip("sklearn.metrics")
calibration_curve = pytest.importorskip("sklearn.calibration").calibration_curve

from bpframe_metrics import (  # noqa: E402
    F1,
    R2,
    Accuracy,
    CalibrationError,
    ConfusionMatrix,
    LogLoss,
    Mae,
    Precision,
    Recall,
    ReliabilityCurve,
    Rmse,
    RocAuc,
    TopK,
)

RNG = np.random.default_rng(0)
CLOSE: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-14}


def cases() -> list[Any]:
    """Return (probabilities, classes, weights) of several classes: any, with ties, and with classes that are absent."""
    found = []
    for count, seed in ((3, 1), (5, 2)):
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet(np.ones(count), 60)
        tied = np.round(shares * 4) / 4 + 0.05
        tied /= tied.sum(axis=1, keepdims=True)
        classes = np.where(rng.random(60) < 0.6, shares.argmax(axis=1), rng.integers(0, count, 60))
        for p, y in ((shares, classes), (tied, classes), (shares, np.where(classes == 1, 0, classes))):
            for w in (None, rng.uniform(0.1, 3, 60)):
                found.append(pytest.param(p, y, w, id=f"{count}-{len(found)}"))
    never = np.array([[0.5, 0.0, 0.1, 0.4]] * 4 + [[0.1, 0.0, 0.2, 0.7]] * 4)  # class 1 is neither, class 2 a target
    found.append(pytest.param(never, np.array([0, 2, 3, 0, 3, 3, 2, 3]), None, id="absent"))
    return found


@pytest.mark.parametrize(("p", "y", "w"), cases())
@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "each"])
def test_precision_recall_and_f1(p: Any, y: Any, w: Any, average: Any) -> None:
    words = {"average": None if average == "each" else average, "sample_weight": w, "zero_division": 0}
    if average == "each":
        words["labels"] = range(p.shape[1])
    for metric, function in ((Precision, sk.precision_score), (Recall, sk.recall_score), (F1, sk.f1_score)):
        found = metric(average=average).measure(p, y, w)
        np.testing.assert_allclose(found, function(y, p.argmax(axis=1), **words), **CLOSE)


@pytest.mark.parametrize(("p", "y", "w"), cases())
def test_confusion_matrix_and_the_rest_of_several_classes(p: Any, y: Any, w: Any) -> None:
    labels = range(p.shape[1])
    for ours, theirs in ((None, None), ("true", "true"), ("predicted", "pred"), ("all", "all")):
        expected = sk.confusion_matrix(y, p.argmax(axis=1), labels=labels, sample_weight=w, normalize=theirs)
        np.testing.assert_allclose(ConfusionMatrix(normalize=ours).measure(p, y, w), expected, **CLOSE)
    expected = sk.log_loss(y, p, labels=labels, sample_weight=w)
    np.testing.assert_allclose(LogLoss().measure(p, y, w), expected, **CLOSE)
    np.testing.assert_allclose(LogLoss(logits=True).measure(np.log(p + 1e-15), y, w), expected, rtol=1e-9)
    expected = sk.accuracy_score(y, p.argmax(axis=1), sample_weight=w)
    np.testing.assert_allclose(Accuracy().measure(p, y, w), expected, **CLOSE)
    if (np.diff(np.sort(p, axis=1)) > 0).all():  # whose last of equals comes first
        expected = sk.top_k_accuracy_score(y, p, k=2, labels=labels, sample_weight=w)
        np.testing.assert_allclose(TopK(k=2).measure(p, y, w), expected, **CLOSE)
    if len(np.unique(y)) == p.shape[1]:
        for average in ("macro", "weighted", "each"):
            words = {"multi_class": "ovr", "average": None if average == "each" else average, "sample_weight": w}
            expected = sk.roc_auc_score(y, p, **words)
            np.testing.assert_allclose(RocAuc(average=average).measure(p, y, w), expected, **CLOSE)
            found = RocAuc(average=average, logits=True).measure(np.log(p), y, w)
            if not (np.diff(np.unique(p)) < 1e-3).any():
                np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("grid", [None, 5])
def test_two_classes_and_one_output(weighted: bool, grid: int | None) -> None:
    p = RNG.random(80) if grid is None else np.round(RNG.random(80) * grid) / grid
    y, w = (RNG.random(80) < p).astype(int), RNG.uniform(0.1, 3, 80) if weighted else None
    given, predicted = p[:, None], p > 0.5
    both = np.stack([1 - p, p], axis=1)
    for metric, function in ((Precision, sk.precision_score), (Recall, sk.recall_score), (F1, sk.f1_score)):
        np.testing.assert_allclose(metric().measure(given, y, w), function(y, predicted, sample_weight=w), **CLOSE)
        expected = function(y, predicted, sample_weight=w, pos_label=0)
        np.testing.assert_allclose(metric(positive=0).measure(given, y, w), expected, **CLOSE)
    for scores in (given, both):
        expected = sk.roc_auc_score(y, p, sample_weight=w)
        np.testing.assert_allclose(RocAuc().measure(scores, y, w), expected, **CLOSE)
        expected = sk.log_loss(y, p, sample_weight=w)
        np.testing.assert_allclose(LogLoss().measure(scores, y, w), expected, **CLOSE)
    if not weighted:
        happened, mean = calibration_curve(y, p, n_bins=7)
        curve = ReliabilityCurve(bins=7).measure(given, y)
        np.testing.assert_allclose(curve[curve[:, 2] > 0, :2], np.stack([mean, happened], axis=1), **CLOSE)
        expected = (curve[:, 2] * np.abs(curve[:, 0] - curve[:, 1])).sum()
        np.testing.assert_allclose(CalibrationError(bins=7).measure(given, y), expected, **CLOSE)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_regression(outputs: int, weighted: bool) -> None:
    y, w = RNG.normal(size=(40, outputs)), RNG.uniform(0.1, 3, 40) if weighted else None
    a = y + RNG.normal(size=y.shape)
    functions = ((R2, sk.r2_score), (Mae, sk.mean_absolute_error), (Rmse, sk.root_mean_squared_error))
    for metric, function in functions:
        np.testing.assert_allclose(metric().measure(a, y, w), function(y, a, sample_weight=w), **CLOSE)
    flat = np.full_like(y, 0.1)  # whose weighted mean is not 0.1: scikit-learn's own is −10³¹ then
    assert R2().measure(a, flat, w) == sk.r2_score(np.ones_like(y), a) == 0
    assert R2().measure(flat, flat, w) == sk.r2_score(np.ones_like(y), np.ones_like(y)) == 1


@pytest.mark.parametrize("weighted", [False, True])
def test_several_labels(weighted: bool) -> None:
    p = np.round(RNG.random((60, 4)) * 8) / 8
    y, w = (RNG.random((60, 4)) < p).astype(int), RNG.uniform(0.1, 3, 60) if weighted else None
    y[:, 3] = 0  # which is never right
    p[:, 2] = 0.25  # which is never said
    said = p > 0.5
    for average in ("macro", "micro", "weighted", "each"):
        words = {"average": None if average == "each" else average, "sample_weight": w, "zero_division": 0}
        for metric, function in ((Precision, sk.precision_score), (Recall, sk.recall_score), (F1, sk.f1_score)):
            found = metric(average=average, multi_label=True).measure(p, y, w)
            np.testing.assert_allclose(found, function(y, said, **words), **CLOSE)
        if average != "micro":
            words = {"average": words["average"], "sample_weight": w}
            found = RocAuc(average=average, multi_label=True).measure(p[:, :3], y[:, :3], w)
            np.testing.assert_allclose(found, sk.roc_auc_score(y[:, :3], p[:, :3], **words), **CLOSE)
    entries = None if w is None else np.repeat(w, 4)
    found = Accuracy(multi_label=True).measure(p, y, w)
    np.testing.assert_allclose(found, sk.accuracy_score(y.ravel(), said.ravel(), sample_weight=entries), **CLOSE)
    np.testing.assert_allclose(found, 1 - sk.hamming_loss(y, said, sample_weight=w), **CLOSE)
    found = LogLoss(multi_label=True).measure(p, y, w)
    np.testing.assert_allclose(found, sk.log_loss(y.ravel(), p.ravel(), sample_weight=entries), **CLOSE)
    if not weighted:
        happened, mean = calibration_curve(y.ravel(), p.ravel(), n_bins=7)
        curve = ReliabilityCurve(bins=7, multi_label=True).measure(p, y)
        np.testing.assert_allclose(curve[curve[:, 2] > 0, :2], np.stack([mean, happened], axis=1), **CLOSE)
        expected = (curve[:, 2] * np.abs(curve[:, 0] - curve[:, 1])).sum()
        np.testing.assert_allclose(CalibrationError(bins=7, multi_label=True).measure(p, y), expected, **CLOSE)
