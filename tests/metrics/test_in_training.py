"""Metrics in fit, evaluate, files and pictures: numbers, a number for each class, and matrices."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from bpframe_activations import Softmax
from bpframe_classification import BinaryCrossEntropy, CrossEntropy, HingeCost, ProbabilityCrossEntropy
from bpframe_metrics import (
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
    RocAuc,
    TopK,
)
from bpframe_optimizers import Plateau
from bpframe_reference import Dense, GradientDescent, Identity, QuadraticCost, Sigmoid, StopEarly

import bpframe as bp
from bpframe.errors import BpframeError, DataError
from bpframe.extend import Array, Cost, Metric
from bpframe.runs import evaluate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = (X @ RNG.normal(size=(3, 4))).argmax(axis=1)
STILL = GradientDescent(learning_rate=1e-30)
SEVERAL = [ConfusionMatrix(), F1(average="each"), F1(average="macro"), RocAuc(), LogLoss()]


def network(cost: Cost, units: int, shape: tuple[int, ...] = (3,)) -> bp.Network:
    return bp.Network([Dense(units=units)], cost=cost, input_shape=shape, seed=1)


def test_arrays_are_kept_read_back_shown_and_drawn(tmp_path: Any) -> None:
    net = network(CrossEntropy(), 4)
    history = net.fit(X, Y, optimizer=STILL, epochs=3, metrics=SEVERAL, progress=True)
    matrix = np.zeros((4, 4))
    np.add.at(matrix, (Y, net.predict(X).argmax(axis=1)), 1)
    assert np.array(history.column("confusion_matrix")).shape == (3, 4, 4)
    np.testing.assert_array_equal(history.column("confusion_matrix")[-1], matrix)
    assert np.array(history.column("f1_1")).shape == (3, 4)
    assert bp.History.model_validate_json(history.model_dump_json()) == history
    figure = history.plot(tmp_path / "history.svg")
    lines = [line.get_label() for axes in figure.axes for line in axes.get_lines()]
    assert [f"f1 1 {k}" for k in range(4)] == [each for each in lines if each.startswith("f1 1")]
    (image,) = [image for axes in figure.axes for image in axes.get_images()]
    np.testing.assert_array_equal(image.get_array(), matrix)
    found = evaluate(net, X, Y)
    assert found.metrics["confusion_matrix"] == matrix.tolist()
    assert found.metrics["log_loss"] == pytest.approx(found.cost, rel=1e-12)
    table = str(found).split("confusion_matrix\n")[1].splitlines()[:4]
    assert [[float(each) for each in row.split()] for row in table] == matrix.tolist()
    net.save(tmp_path / "run")
    again = bp.load(tmp_path / "run")
    assert again.history == net.history
    assert evaluate(again, X, Y).metrics == found.metrics


@pytest.mark.parametrize("several", [ConfusionMatrix(), F1(average="each")])
def test_several_numbers_cannot_be_watched_which_is_said_before_training(several: Metric) -> None:
    net = network(CrossEntropy(), 4)
    slower = GradientDescent(learning_rate=Plateau(start=0.1, watch=several.kind))
    for words in ({"callbacks": [StopEarly(watch=several.kind)]}, {"optimizer": slower}):
        with pytest.raises(DataError, match="several numbers"):
            net.fit(X, Y, **{"optimizer": STILL, "epochs": 2, "metrics": [several], **words})
    assert net.history is None


class Distance(Metric):
    """A metric that does not say whether more is better."""

    def measure(self, prediction: Array, target: Array) -> float:
        return float(np.abs(prediction - target).mean())


def test_what_is_watched_knows_which_of_its_numbers_are_better() -> None:
    rises = [R2(), Recall(average="macro"), "accuracy", TopK(k=1), Mae(), "rmse"]
    x, y = X, np.eye(2)[(X[:, 0] > 0).astype(int)]
    for metric in rises:
        net = network(QuadraticCost(), 2)
        words = {"optimizer": GradientDescent(learning_rate=0.1), "epochs": 12, "metrics": [metric]}
        kind = metric if isinstance(metric, str) else metric.kind
        history = net.fit(x, y, callbacks=[StopEarly(patience=2, watch=kind)], **words)
        values = np.array(history.column(kind)) * (-1 if kind in ("mae", "rmse") else 1)
        best = int(np.argmax(values))
        assert best > 2, "it learns, so that a wrong direction ends it at once"
        ended = history.stopped != "completed"
        assert len(history) == (best + 3 if ended else 12)
        assert history.larger_is_better(kind) is (kind not in ("mae", "rmse"))
        assert bp.History.model_validate_json(history.model_dump_json()) == history == net.history


def test_a_plateau_follows_an_accuracy_upwards_also_from_training_to_training() -> None:
    x, y = X, np.eye(2)[(X[:, 0] > 0).astype(int)]
    whole, parts = network(QuadraticCost(), 2), network(QuadraticCost(), 2)
    rule = GradientDescent(learning_rate=Plateau(start=0.1, patience=1, factor=0.5, watch="validation_r2"))
    words = {"optimizer": rule, "shuffle": False, "validation_data": (x, y), "metrics": [R2()]}
    history = whole.fit(x, y, epochs=8, **words)
    assert np.diff(history.column("validation_r2")).min() > 0, "it gets better in every epoch"
    plain = network(QuadraticCost(), 2)
    plain.fit(x, y, epochs=8, **{**words, "optimizer": GradientDescent(learning_rate=0.1)})
    assert whole.parameters.vector.tobytes() == plain.parameters.vector.tobytes()
    for _ in range(4):
        parts.fit(x, y, epochs=2, **words)
    assert parts.parameters.vector.tobytes() == whole.parameters.vector.tobytes()


def test_where_nobody_says_which_are_better_training_does_not_begin() -> None:
    net = network(QuadraticCost(), 3)
    slower = GradientDescent(learning_rate=Plateau(start=0.1, watch="distance"))
    for words in ({"callbacks": [StopEarly(watch="distance")]}, {"optimizer": slower}):
        with pytest.raises(DataError, match="nothing says whether a larger 'distance' is better"):
            net.fit(X, X, **{"optimizer": STILL, "epochs": 2, "metrics": [Distance()], **words})
    assert net.history is None
    net.fit(
        X, X, optimizer=STILL, epochs=1, metrics=[Distance()], callbacks=[StopEarly(watch="distance", larger=False)]
    )
    with pytest.raises(DataError, match="nothing says"):
        net.history.larger_is_better("distance")


def test_class_weights_of_the_cost_do_not_count_and_ignored_targets_do_not_either() -> None:
    cost = CrossEntropy(class_weight=(1.0, 5.0, 0.5, 2.0), ignore=-1)
    y, w = Y.copy(), RNG.uniform(0.5, 2, 40)
    y[::5] = -1
    net, kept = network(cost, 4), y >= 0
    metrics = [Accuracy(), Precision(average="each"), ConfusionMatrix(), TopK(k=2)]
    for weight in (None, w):
        history = net.fit(X, y, sample_weight=weight, optimizer=STILL, epochs=1, metrics=metrics, progress=False)
        last, scores = history.epochs[-1], net.predict(X)[kept]
        alone = None if weight is None else weight[kept]
        assert last.accuracy == pytest.approx(bp.accuracy(scores, y[kept], alone), rel=1e-13)
        for metric in metrics[1:]:
            found = last.metrics[metric.kind]
            np.testing.assert_allclose(found, metric.measure(scores, y[kept], alone), rtol=1e-12)
        assert evaluate(net, X, y, sample_weight=weight).accuracy == pytest.approx(last.accuracy, rel=1e-13)


def test_positions_and_masks() -> None:
    x, y = RNG.normal(size=(6, 5, 3)), RNG.integers(0, 4, (6, 5))
    mask = np.arange(5) < np.array([1, 2, 5, 3, 4, 5])[:, None]
    net = network(CrossEntropy(), 4, (5, 3))
    metrics = [Accuracy(), TopK(k=2), Recall(average="each"), CalibrationError(logits=True), RocAuc(logits=True)]
    history = net.fit(x, y, sample_weight=mask, optimizer=STILL, epochs=1, metrics=metrics, progress=False)
    flat, right, last = net.predict(x)[mask], y[mask], history.epochs[-1]
    assert last.accuracy == pytest.approx(bp.accuracy(flat, right), rel=1e-13)
    for metric in metrics[1:]:
        np.testing.assert_allclose(last.metrics[metric.kind], metric.measure(flat, right), rtol=1e-12)
    assert evaluate(net, x, y, sample_weight=mask).accuracy == last.accuracy


def test_one_logit() -> None:
    y = (Y == 1).astype(float)[:, None]
    net = network(BinaryCrossEntropy(), 1)
    metrics = [Accuracy(), F1(logits=True), LogLoss(), RocAuc(), ReliabilityCurve(logits=True)]
    last = net.fit(X, y, optimizer=STILL, epochs=1, metrics=metrics, progress=False).epochs[-1]
    predicted, right = net.predict(X)[:, 0] > 0, y[:, 0] == 1
    assert last.accuracy == np.mean(predicted == right)
    assert last.metrics["log_loss"] == pytest.approx(net.cost(X, y), rel=1e-12)
    expected = 2 * (predicted & right).sum() / (predicted.sum() + right.sum())
    assert last.metrics["f1"] == pytest.approx(expected, rel=1e-12)


def test_names_alone_do_for_those_without_needed_fields() -> None:
    net = network(QuadraticCost(), 2)
    history = net.fit(X, X[:, :2], optimizer=STILL, epochs=1, metrics=["mae", "rmse", "r2"], progress=False)
    off = net.predict(X) - X[:, :2]
    assert history.epochs[0].metrics["mae"] == pytest.approx(np.abs(off).mean(), rel=1e-13)
    assert history.epochs[0].metrics["rmse"] == pytest.approx(np.sqrt((off**2).mean(axis=0)).mean(), rel=1e-13)


LOGITS = RNG.normal(size=(6, 3)) * 4
THREE = np.array([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize(
    ("metric", "prediction", "target", "weight", "said"),
    [
        (RocAuc(), LOGITS[:, :1], np.zeros(6), None, "roc_auc of class 1 is undefined"),
        (RocAuc(logits=True), LOGITS, THREE % 2, None, "roc_auc of class 2 is undefined"),
        (RocAuc(), LOGITS, THREE, None, "needs probabilities"),
        (LogLoss(), LOGITS, THREE, None, "needs probabilities"),
        (CalibrationError(), LOGITS, THREE, None, "needs probabilities"),
        (F1(), LOGITS, THREE, None, "average='binary' is of one class"),
        (F1(positive=3), LOGITS, THREE, None, "positive is no class"),
        (F1(average="macro"), LOGITS, THREE, np.zeros(6), "of nothing is undefined"),
        (F1(average="macro"), LOGITS[:0], THREE[:0], None, "of nothing is undefined"),
        (F1(average="macro"), LOGITS * np.nan, THREE, None, "NaN"),
        (F1(average="macro"), LOGITS, THREE + 1, None, "none of the classes"),
        (F1(average="macro"), LOGITS, THREE[:4], None, "cannot compare"),
        (F1(average="macro"), LOGITS[:, :0], THREE, None, "one score per class"),
        (F1(), LOGITS[:, :1], THREE, None, "two classes"),
        (R2(), LOGITS[:1], LOGITS[:1], None, "r2 of one target"),
        (Mae(), LOGITS, THREE, None, "cannot compare"),
        (Mae(), LOGITS, LOGITS, np.array([[1, 0, 1]] * 6), "nothing of which counts"),
        (TopK(k=3), LOGITS, THREE, None, "so few outputs"),
        (Accuracy(), LOGITS, THREE, np.zeros(6), "0 everywhere"),
    ],
)
def test_what_is_undefined_is_refused(metric: Any, prediction: Any, target: Any, weight: Any, said: str) -> None:
    with pytest.raises(BpframeError, match=said):
        metric.measure(prediction, target, weight)


def test_an_error_of_entries_counts_entries() -> None:
    w = RNG.random((6, 3))
    expected = (w * np.abs(LOGITS - 1)).sum(axis=0) / w.sum(axis=0)
    assert Mae().measure(LOGITS, np.ones((6, 3)), w) == pytest.approx(expected.mean(), rel=1e-13)
    w[:3] = 0
    targets = np.where(w == 0, np.nan, 1.0)
    assert Mae().measure(LOGITS, targets, w) == pytest.approx(
        Mae().measure(LOGITS[3:], np.ones((3, 3)), w[3:]), rel=1e-13
    )


class ScoresAbove(QuadraticCost):
    """A stranger's cost, of which scores above 0.3 say yes."""

    threshold: ClassVar[float] = 0.3


def test_metrics_of_one_output_have_the_threshold_of_the_cost() -> None:
    yes = (Y > 1).astype(float)[:, None]
    costs = ((BinaryCrossEntropy(), 0), (HingeCost(targets="binary"), 0), (ScoresAbove(), 0.3), (QuadraticCost(), 0.5))
    for cost, threshold in costs:
        net = network(cost, 1)
        predicted, others = net.predict(X) > threshold, net.predict(X) > (0.5 if threshold != 0.5 else 0)
        share = float(np.mean(predicted == yes))
        assert share != np.mean(others == yes)
        history = net.fit(X, yes, optimizer=STILL, epochs=1, metrics=["accuracy", ConfusionMatrix(), F1(), Recall()])
        last = history.epochs[-1]
        assert net.accuracy(X, yes) == last.accuracy == share
        right = (predicted & (yes == 1)).sum()
        assert last.metrics["confusion_matrix"][1] == [(yes == 1).sum() - right, right]
        assert last.metrics["recall"] == right / (yes == 1).sum()
        assert last.metrics["f1"] == 2 * right / (predicted.sum() + (yes == 1).sum())
        for wrong in [Accuracy(logits=False), F1(logits=False)] if threshold == 0 else [Accuracy(logits=True)]:
            if isinstance(cost, QuadraticCost) and threshold == 0.5:
                continue  # which says nothing
            with pytest.raises(DataError, match=f"(?s){wrong.kind} would take the outputs for .* leave `logits` out"):
                net.fit(X, yes, optimizer=STILL, epochs=1, metrics=[wrong])


NEED_PROBABILITIES = [LogLoss(), RocAuc(), CalibrationError(), ReliabilityCurve()]


@pytest.mark.parametrize("metric", NEED_PROBABILITIES, ids=repr)
@pytest.mark.parametrize("scale", [1.0, 1e-3], ids=["any scores", "scores within 0 and 1"])
def test_what_needs_probabilities_makes_them_of_the_scores_that_the_cost_takes(metric: Metric, scale: float) -> None:
    net = bp.Network([Dense(units=4)], cost=CrossEntropy(), input_shape=(3,), seed=1)
    net.parameters.vector[:] *= scale
    net.parameters["dense_1.b"][:] = 0.5 if scale < 1 else net.parameters["dense_1.b"]
    scores = net.predict(X)
    assert (scale < 1) == ((scores >= 0) & (scores <= 1)).all()
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    last = net.fit(X, Y, optimizer=STILL, epochs=1, metrics=[metric], progress=False).epochs[-1]
    np.testing.assert_allclose(last.metrics[metric.kind], metric.measure(shares, Y), rtol=1e-9)
    with pytest.raises(DataError, match="would take the outputs for probabilities, and the network's are logits"):
        net.fit(X, Y, optimizer=STILL, epochs=1, metrics=[type(metric)(logits=False)])


@pytest.mark.parametrize("metric", NEED_PROBABILITIES, ids=repr)
def test_outputs_that_nobody_calls_probabilities_are_not_taken_for_some(metric: Metric) -> None:
    rows = np.eye(4)[Y]
    for layers, cost in (
        ([Softmax()], QuadraticCost()),
        ([Softmax()], ProbabilityCrossEntropy(targets="probabilities")),
    ):
        net = bp.Network([Dense(units=4), *layers], cost=cost, input_shape=(3,))
        last = net.fit(X, rows, optimizer=STILL, epochs=1, metrics=[metric], progress=False).epochs[-1]
        np.testing.assert_allclose(last.metrics[metric.kind], metric.measure(net.predict(X), Y), rtol=1e-9)
        with pytest.raises(DataError, match="would take the outputs for logits, and the network's are probabilities"):
            net.fit(X, rows, optimizer=STILL, epochs=1, metrics=[type(metric)(logits=True)])
    net = bp.Network([Dense(units=4), Softmax(), Identity()], cost=QuadraticCost(), input_shape=(3,))
    with pytest.raises(
        DataError, match=f"{metric.kind} needs probabilities, and neither the network's cost nor its last"
    ):
        net.fit(X, rows, optimizer=STILL, epochs=1, metrics=[metric])
    net.fit(X, rows, optimizer=STILL, epochs=1, metrics=[type(metric)(logits=False)])
    net = bp.Network([Dense(units=4), Sigmoid()], cost=QuadraticCost(), input_shape=(3,))
    with pytest.raises(DataError, match="which add up to 1"):
        net.fit(X, rows, optimizer=STILL, epochs=1, metrics=[metric])
    with pytest.raises(DataError, match="takes every output for a yes or no of its own"):
        network(BinaryCrossEntropy(), 4).fit(X, rows, optimizer=STILL, epochs=1, metrics=[metric])


def test_accuracy_of_a_cost_in_which_every_score_counts_is_that_of_the_largest() -> None:
    net, rows = network(BinaryCrossEntropy(), 4), np.eye(4)[Y]
    history = net.fit(X, rows, optimizer=STILL, epochs=1, metrics=["accuracy"])
    assert history.epochs[-1].accuracy == np.mean(net.predict(X).argmax(axis=1) == Y)
    with pytest.raises(DataError, match="count classes of one position differently"):
        Accuracy().measure(np.ones((2, 3)), np.array([0, 1]), np.arange(6.0).reshape(2, 3))


def test_every_way_to_measure_leaves_out_what_the_cost_ignores() -> None:
    weight = RNG.uniform(0.5, 2, 40)
    for cost in (CrossEntropy(ignore=0), CrossEntropy(ignore=-1), CrossEntropy(class_weight=(1.0, 0.0, 3.0, 2.0))):
        y = np.where(np.arange(40) % 5 == 0, -1, Y) if cost.ignore == -1 else Y
        left_out = 1 if cost.class_weight else cost.ignore
        kept, net = y != left_out, network(cost, 4)
        for w in (None, weight):
            history = net.fit(X, y, sample_weight=w, optimizer=STILL, epochs=1, metrics=["accuracy"], progress=False)
            right = (net.predict(X).argmax(axis=1) == y)[kept]
            expected = pytest.approx(np.average(right, weights=None if w is None else w[kept]), rel=1e-13)
            assert history.epochs[-1].accuracy == net.accuracy(X, y, sample_weight=w) == expected
            assert evaluate(net, X, y, sample_weight=w).accuracy == expected
            assert net.accuracy(X, y[:, None], sample_weight=w) == expected
            if cost.ignore != -1:
                assert net.accuracy(X, np.eye(4)[y], sample_weight=w) == expected


def test_of_rows_of_shares_and_of_positions_too() -> None:
    net = network(CrossEntropy(targets="probabilities", class_weight=(1.0, 0.0, 3.0, 2.0)), 4)
    kept, right = Y != 1, net.predict(X).argmax(axis=1) == Y
    assert net.accuracy(X, np.eye(4)[Y]) == net.accuracy(X, Y) == right[kept].mean()
    net, x = network(CrossEntropy(ignore=0), 4, (None, 3)), X.reshape(8, 5, 3)
    y, w = Y.reshape(8, 5), RNG.uniform(0.5, 2, 8)
    kept, right = y != 0, net.predict(x).argmax(axis=-1) == y
    assert net.accuracy(x, y) == right[kept].mean()
    expected = (w[:, None] * kept * right).sum() / (w[:, None] * kept).sum()
    assert net.accuracy(x, y, sample_weight=w) == pytest.approx(expected, rel=1e-13)


def test_an_accuracy_of_nothing_and_targets_of_no_class_are_refused() -> None:
    net = network(CrossEntropy(ignore=0), 4)
    with pytest.raises(DataError, match="no target counts: the cost 'cross_entropy' ignores"):
        net.accuracy(X, np.zeros(40, int))
    with pytest.raises(DataError, match="class"):
        net.accuracy(X, Y + 4)
    with pytest.raises(DataError, match="integers"):
        net.accuracy(X, Y + 0.5)
