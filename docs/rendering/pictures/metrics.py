"""What a metric looks at: cells of a confusion matrix, a curve over thresholds, distances to the targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
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
    Rmse,
    RocAuc,
    TopK,
)
from drawing import DERIVATIVE, INK, VALUE, Plot, cells, digits, drawn, lines, plain
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bpframe.extend import Array

__all__ = ["PICTURES"]

COUNT, CLASSES, WATCHED = 400, 4, 2


def _two_classes() -> tuple[Array, Array]:
    """Return probabilities of class 1 that are too sure, (N, 1), and classes."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=COUNT)
    y = (rng.random(COUNT) < 1 / (1 + np.exp(-logits))).astype(int)
    return (1 / (1 + np.exp(-3 * logits)))[:, None], y


def _four_classes() -> tuple[Array, Array]:
    """Return scores, (N, 4), and classes, of which many of class 3 look like class 2."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, COUNT)
    return 1.5 * np.eye(4)[y] + rng.normal(size=(COUNT, 4)) + 0.8 * np.eye(4)[np.where(y == 3, 2, y)], y


def _counted(
    say: Callable[[Array], str], counted: Sequence[tuple[int, int]] = (), over: Sequence[tuple[int, int]] = ()
) -> Plot:
    """Draw the confusion matrix, with frames around what a metric counts, and a line around what it divides by."""

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        found = np.asarray(ConfusionMatrix().measure(*_four_classes()))
        cells(axes, found, "true class (rows), predicted class (columns)", 0, counted, whole=True)
        if over:
            rows, columns = zip(*over, strict=True)
            corner = (min(columns) - 0.5, min(rows) - 0.5)
            size = (max(columns) - min(columns) + 1, max(rows) - min(rows) + 1)
            style = {"fill": False, "edgecolor": DERIVATIVE, "linewidth": 1.8, "linestyle": "--"}
            axes.add_patch(Rectangle(corner, *size, **style))
        return say(found)

    return drawn(draw, (3.2, 2.4))


_DIAGONAL = [(k, k) for k in range(CLASSES)]
_COLUMN, _ROW = [(k, WATCHED) for k in range(CLASSES)], [(WATCHED, k) for k in range(CLASSES)]
_HIT = [(WATCHED, WATCHED)]


def _of_class_2(metric: type, found: Array, over: Sequence[tuple[int, int]], what: str) -> str:
    value = metric(average="binary", positive=WATCHED).measure(*_four_classes())
    hits, total = found[_HIT[0]], sum(found[place] for place in over)
    return f"{what}: {hits:.0f} of {total:.0f} (dashed), {value:.2f}."


def _accuracy(found: Array) -> str:
    value = Accuracy().measure(*_four_classes())
    return (
        f"The diagonal over all: {np.trace(found):.0f} of {found.sum():.0f}, {value:.2f}. Which wrong class it "
        "was does not count."
    )


def _matrix(found: Array) -> str:
    return (
        f"Of {found[3].sum():.0f} examples of class 3, {found[3, 2]:.0f} are taken for class 2: a row is a true "
        "class, a column a predicted one, and what is off the diagonal is wrong."
    )


def _thresholds() -> Plot:
    def draw(figure: Figure) -> str:
        p, y = _two_classes()
        along = np.linspace(0.02, 0.95, 60)
        # A prediction above the threshold says yes: shifted, so that the metric's own threshold of ½ is that one.
        shares = {
            name: [metric().measure(p**power, y) for power in np.log(0.5) / np.log(along)]
            for name, metric in (("precision", Precision), ("recall", Recall), ("f1", F1))
        }
        lines(figure.subplots(), along, shares, "threshold")
        best = int(np.argmax(shares["f1"]))
        return (
            "The higher the threshold, the more of what is called class 1 is, and the less of it is found. f1, "
            f"their harmonic mean, is largest at {digits(along[best])}, {shares['f1'][best]:.2f}; at 0.5 it is "
            f"{F1().measure(p, y):.2f}."
        )

    return drawn(draw)


def _top() -> Plot:
    def draw(figure: Figure) -> str:
        axes, places = figure.subplots(), range(1, CLASSES)
        shares = [TopK(k=k).measure(*_four_classes()) for k in places]
        axes.bar(places, shares, color=[DERIVATIVE, VALUE, VALUE], alpha=0.7)
        for k, share in zip(places, shares, strict=True):
            axes.text(k, share + 0.02, f"{share:.2f}", ha="center")
        plain(axes, "k", "top_k")
        axes.set(xticks=places, ylim=(0, 1.12))
        return (
            f"Right if the class is among the k best of {CLASSES}: k = 1 is accuracy (orange), {shares[0]:.2f}; "
            f"with k = 2 it is {shares[1]:.2f}, since class 3 is mostly second best."
        )

    return drawn(draw, (4.0, 2.2))


def _roc(axes: Axes) -> str:
    p, y = _two_classes()
    order = np.argsort(-p[:, 0])
    right = y[order] == 1
    false, true = (np.r_[0, np.cumsum(each) / each.sum()] for each in (~right, right))
    axes.plot(false, true, color=VALUE, label="the scores")
    axes.fill_between(false, true, color=VALUE, alpha=0.15)
    axes.plot([0, 1], [0, 1], "--", color=DERIVATIVE, label="chance")
    plain(axes, "share of the others above the threshold", "share of the class")
    axes.legend()
    area = RocAuc().measure(p, y)
    return (
        f"As the threshold falls, both shares grow; roc_auc is the area below the curve, here {area:.2f}, and ½ "
        "by chance."
    )


def _reliability(axes: Axes) -> str:
    p, y = _two_classes()
    curve = ReliabilityCurve(bins=8).measure(p, y)
    axes.plot(curve[:, 0], curve[:, 1], "o-", color=VALUE, label="what happened")
    axes.vlines(curve[:, 0], curve[:, 0], curve[:, 1], color=INK, linewidth=1)
    axes.plot([0, 1], [0, 1], "--", color=DERIVATIVE, label="calibrated")
    plain(axes, "predicted probability", "share that happened")
    axes.legend()
    error = CalibrationError(bins=8).measure(p, y)
    return (
        f"Predictions that are too sure: where {curve[-1, 0]:.2f} was predicted, {curve[-1, 1]:.2f} happened. "
        f"calibration_error is the mean length of the vertical lines, by examples, {error:.2f}."
    )


def _loss(axes: Axes) -> str:
    p = np.linspace(0.005, 1, 200)
    axes.plot(p, [LogLoss().measure(np.array([[each]]), np.array([1])) for each in p], color=VALUE, label="log_loss")
    axes.axhline(np.log(2), linestyle="--", color=DERIVATIVE, label="a coin, ln 2")
    plain(axes, "probability of what happened", "log_loss of one example")
    axes.legend()
    high, low = (LogLoss().measure(np.array([[each]]), np.array([1])) for each in (0.9, 0.01))
    return (
        f"Sure and right, 0.9, costs {high:.2f}; sure and wrong, 0.01, costs {low:.1f}, as much as "
        f"{low / high:.0f} of the former."
    )


def _on(draw_on: Callable[[Axes], str]) -> Plot:
    return drawn(lambda figure: draw_on(figure.subplots()), (4.6, 2.6))


def _distances(metric: str) -> Plot:
    """Draw the distances of predictions to targets, one of which is far out."""
    rng = np.random.default_rng(3)
    x = np.linspace(0, 5, 16)
    y = 2 + 0.8 * x + 0.4 * rng.normal(size=x.size)
    y[12] -= 4
    a = 2 + 0.8 * x

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        axes.plot(x, a, color=VALUE, label="predicted")
        axes.vlines(x, a, y, color=DERIVATIVE, linewidth=1.2)
        axes.plot(x, y, "o", color=INK, markersize=3, label="targets")
        if metric == "r2":
            axes.axhline(y.mean(), linestyle="--", color=INK, linewidth=1, label="their mean")
        plain(axes, "x", "y")
        axes.legend()
        mae, rmse, r2 = (kind().measure(a[:, None], y[:, None]) for kind in (Mae, Rmse, R2))
        most = np.argmax(np.abs(y - a))
        without = np.delete(np.stack([a, y]), most, axis=1)[:, :, None]
        if metric == "mae":
            return (
                f"The mean length of the orange lines is {mae:.2f}; without the longest it would be "
                f"{Mae().measure(*without):.2f}."
            )
        if metric == "rmse":
            return (
                f"The root of the mean squared length is {rmse:.2f}, above the mean length, {mae:.2f}; without the "
                f"longest it would be {Rmse().measure(*without):.2f}: squares weigh what is far out."
            )
        spread = np.mean((y - y.mean()) ** 2)
        return (
            f"Around their mean (dashed) the targets have a variance of {spread:.2f}, around the predictions of "
            f"{rmse**2:.2f}: r2 = 1 − {rmse**2:.2f}/{spread:.2f} = {r2:.2f} of it is explained."
        )

    return drawn(draw, (4.6, 2.5))


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "accuracy": partial(_counted, _accuracy, _DIAGONAL),
    "calibration_error": partial(_on, _reliability),
    "confusion_matrix": partial(_counted, _matrix, [(3, 2)]),
    "f1": _thresholds,
    "log_loss": partial(_on, _loss),
    "mae": partial(_distances, "mae"),
    "precision": partial(
        _counted,
        lambda found: _of_class_2(Precision, found, _COLUMN, "Of what is called class 2, a column, how much is"),
        _HIT,
        _COLUMN,
    ),
    "r2": partial(_distances, "r2"),
    "recall": partial(
        _counted,
        lambda found: _of_class_2(Recall, found, _ROW, "Of what is class 2, a row, how much is found"),
        _HIT,
        _ROW,
    ),
    "reliability_curve": partial(_on, _reliability),
    "rmse": partial(_distances, "rmse"),
    "roc_auc": partial(_on, _roc),
    "top_k": _top,
}
