"""Where predictions are wrong: which classes are taken for which, or how far numbers are off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bpframe.reports.web import escaped
from bpframe.runs.averages import measured_network
from bpframe.runs.experiment import Experiment
from bpframe.runs.report.curves import short
from bpframe.training.outputs import yes_above
from bpframe.validation.one_hot import is_one_hot
from bpframe.validation.plain_arrays import Array

__all__ = ["confusion", "outcome"]

#: Of more classes no table is shown, of more outputs no residuals, and so many points are drawn.
CLASSES, OUTPUTS, POINTS = 30, 4, 800


def outcome(experiment: Experiment) -> str:
    """Return the confusion matrix or the residuals of a network with one output; nothing of others."""
    data, network = experiment.dataset, measured_network(experiment.network)
    x, y, _ = data.parts[experiment.part]
    if len(network.graph.outputs) != 1 or not isinstance(y, np.ndarray):
        return ""
    predicted = np.asarray(network.predict(x, raw=False))
    labels = data.preparation.class_labels
    above = yes_above(network.graph)
    if above is not None and predicted.shape == (len(y), 1) and bool(np.isin(y, (0, 1)).all()):
        return _table(confusion(y.reshape(-1).astype(int), (predicted > above).reshape(-1).astype(int), 2), labels)
    if predicted.ndim == 2 and 2 <= predicted.shape[1] <= CLASSES:
        right = _classes(y, predicted)
        if right is not None:
            return _table(confusion(right, predicted.argmax(axis=1), predicted.shape[1]), labels)
    if predicted.ndim == 2 and predicted.shape == y.shape and y.shape[1] <= OUTPUTS and y.dtype.kind == "f":
        predicted, y = data.preparation.restored(predicted), data.preparation.restored(y)
        return "".join(_residuals(predicted[:, i], y[:, i], i, y.shape[1]) for i in range(y.shape[1]))
    return ""


def _classes(y: Array, predicted: Array) -> Array | None:
    """Return class numbers, -1 for those that are none; None where targets are no classes."""
    if y.dtype.kind in "iu" and y.shape == (len(predicted),):
        return np.where((y >= 0) & (y < predicted.shape[1]), y, -1)
    return y.argmax(axis=1) if y.shape == predicted.shape and is_one_hot(y) else None


def confusion(right: Array, predicted: Array, classes: int) -> Array:
    """Return how often each class, a row, was taken for each class, a column; targets of no class are left out."""
    found = np.zeros((classes, classes), int)
    counted = right >= 0
    np.add.at(found, (right[counted], predicted[counted]), 1)
    return found


def _table(matrix: Array, labels: Sequence[object] | None) -> str:
    names = [str(each) for each in labels] if labels is not None and len(labels) >= len(matrix) else None
    told = names[: len(matrix)] if names else [str(each) for each in range(len(matrix))]
    head = "".join(f'<th scope="col">{escaped(each)}</th>' for each in told)
    rows = ""
    for i, row in enumerate(matrix):
        most = max(int(row.sum()), 1)
        cells = "".join(
            f'<td class="{"right" if i == j else "wrong"} s{min(9, -(-9 * int(count) // most))}">{count:,}</td>'
            for j, count in enumerate(row)
        )
        rows += f'<tr><th scope="row">{escaped(told[i])}</th>{cells}</tr>'
    return (
        "<p>Rows are the classes that are right, columns those that the network says.</p>"
        f'<div class="wide"><table class="confusion"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _residuals(predicted: Array, target: Array, number: int, outputs: int) -> str:
    """Return target − prediction over the prediction, as points around a line."""
    off = target.astype(float) - predicted
    kept = np.isfinite(off) & np.isfinite(predicted)
    x, y = predicted[kept].astype(float), off[kept]
    if not len(x):
        return ""
    step = -(-len(x) // POINTS)
    least, most, size = float(x.min()), float(x.max()), float(np.abs(y).max()) or 1.0
    across = 484 * (x[::step] - least) / ((most - least) or 1.0) + 64
    down = 106 - 94 * y[::step] / size
    points = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5"/>' for a, b in zip(across, down, strict=True))
    spread = float(np.sqrt(np.mean(y**2)))
    title = "Residuals" + (f" of output {number}" if outputs > 1 else "") + f", root mean square {spread:.4g}"
    return (
        f"<figure><figcaption><b>{title}</b> target − prediction, over the prediction</figcaption>"
        f'<svg viewBox="0 0 560 240" role="img" aria-label="{title}"><path class="axis" d="M64 12V212M64 106H548"/>'
        f'<g class="points">{points}</g><text class="end" x="58" y="20">{size:.3g}</text>'
        f'<text class="end" x="58" y="110">0</text><text class="end" x="58" y="204">−{size:.3g}</text>'
        f'<text x="64" y="232">{short(least)}</text>'
        f'<text class="end" x="548" y="232">{short(most)}</text></svg></figure>'
    )
