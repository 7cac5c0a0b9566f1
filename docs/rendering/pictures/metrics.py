"""A confusion matrix, a ROC curve and a reliability curve of the same predictions."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib
import numpy as np
from bpframe_metrics import CalibrationError, ConfusionMatrix, ReliabilityCurve, RocAuc
from component_plots import DERIVATIVE, INK, VALUE, Plot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["PICTURES"]

COUNT = 400


def _two_classes() -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of class 1 that are too sure, (N, 1), and classes."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=COUNT)
    y = (rng.random(COUNT) < 1 / (1 + np.exp(-logits))).astype(int)
    return (1 / (1 + np.exp(-3 * logits)))[:, None], y


def _matrix(axes: Axes) -> str:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, COUNT)
    scores = 1.5 * np.eye(4)[y] + rng.normal(size=(COUNT, 4)) + 0.8 * np.eye(4)[np.where(y == 3, 2, y)]
    found = ConfusionMatrix().measure(scores, y)
    axes.imshow(found, cmap="Blues")
    for (i, j), count in np.ndenumerate(found):
        axes.text(j, i, f"{count:.0f}", ha="center", va="center", color="white" if count > found.max() / 2 else INK)
    axes.set(xlabel="predicted class", ylabel="true class", xticks=range(4), yticks=range(4))
    return "Examples of each class (a row) by the class that was predicted: many of class 3 are taken for class 2."


def _roc(axes: Axes) -> str:
    p, y = _two_classes()
    order = np.argsort(-p[:, 0])
    right = y[order] == 1
    false, true = (np.r_[0, np.cumsum(each) / each.sum()] for each in (~right, right))
    axes.plot(false, true, color=VALUE, label="the scores")
    axes.fill_between(false, true, color=VALUE, alpha=0.15)
    axes.plot([0, 1], [0, 1], "--", color=DERIVATIVE, label="chance")
    axes.set(xlabel="share of the others above the threshold", ylabel="share of the class")
    axes.legend(frameon=False)
    area = RocAuc().measure(p, y)
    return f"As the threshold falls, both shares grow; roc_auc is the area below the curve, here {area:.2f}."


def _reliability(axes: Axes) -> str:
    p, y = _two_classes()
    curve = ReliabilityCurve(bins=8).measure(p, y)
    axes.plot(curve[:, 0], curve[:, 1], "o-", color=VALUE, label="what happened")
    axes.plot([0, 1], [0, 1], "--", color=DERIVATIVE, label="calibrated")
    axes.set(xlabel="predicted probability", ylabel="share that happened")
    axes.legend(frameon=False)
    error = CalibrationError(bins=8).measure(p, y)
    return f"Predictions that are too sure: less extreme things happen than are predicted, by {error:.2f} on average."


def _drawn(draw: Callable[[Axes], str]) -> Plot:
    style = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9, "font.family": "sans-serif"}
    style |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(4.6, 2.9), layout="constrained")
        caption = draw(figure.subplots())
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Plot(caption, text.getvalue())


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "confusion_matrix": lambda: _drawn(_matrix),
    "roc_auc": lambda: _drawn(_roc),
    "reliability_curve": lambda: _drawn(_reliability),
    "calibration_error": lambda: _drawn(_reliability),
}
