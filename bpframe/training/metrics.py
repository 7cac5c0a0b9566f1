"""What to measure beside the cost."""

from __future__ import annotations

import numpy as np

from bpframe.derivatives.points.given_weights import checked_weight
from bpframe.errors import DataError, ShapeMismatch
from bpframe.validation.plain_arrays import Array, plain_array

__all__ = ["accuracy", "right_classes"]


def accuracy(prediction: Array, target: Array, sample_weight: Array | None = None) -> float:
    """Return the share of examples whose class is right, between 0 and 1; with weights w, Σ w_n right_n / Σ w_n.

        right_n  where  argmax_k a_{nk} = y_n;        of one output, where [a_n > 1/2] = y_n

    The predicted class is the largest of the outputs (N, *positions, classes), the first of several that are equal, as
    NumPy's, scikit-learn's and PyTorch's argmax have it, and as all metrics do; every position counts as an example.
    Targets are class numbers (N, *positions) or (N, *positions, 1), integers or whole floats, or rows of the
    same shape: one-hot, or shares between 0 and 1 of which the largest is the class. One output (N, *positions, 1)
    predicts class 1 above 1/2, else class 0; targets are 0 and 1. Weights are (N,), or have axes of positions too;
    a target of weight 0 may be anything.

    NaN predicts no class: an example with one counts as wrong.

    Raises
    ------
    ShapeMismatch, DataError
        Targets that say of no class that it is right: measured numbers, rows with two largest, numbers of no class;
        weights that are not numbers of 0 or more with a positive sum.

    """
    prediction, target = plain_array(prediction, "prediction"), plain_array(target, "target")
    if prediction.ndim < 2 or prediction.shape[-1] == 0:
        raise ShapeMismatch(
            "accuracy needs one score per class",
            expected="(N, *positions, classes), or (N, *positions, 1) of which 1/2 is the threshold",
            received=str(prediction.shape),
        )
    if prediction.dtype.kind not in "fiub":
        raise DataError("accuracy needs scores that are real numbers", received=str(prediction.dtype))
    if prediction.shape[0] == 0 or prediction.size == 0:
        raise DataError("accuracy of no examples is undefined", expected="at least one example", received="0")
    *places, classes = prediction.shape
    if target.shape not in (prediction.shape, (*places,), (*places, 1)):
        raise _cannot_compare(prediction, target)
    rows = target.shape == prediction.shape and classes > 1
    scores = prediction.reshape(-1, classes)
    targets = target.reshape(-1, classes) if rows else target.reshape(-1)
    weight = None
    if sample_weight is not None:
        given = checked_weight(sample_weight, places[0], "sample_weight", tuple(places[1:]))
        given = given.reshape(*given.shape, *(1,) * (len(places) - given.ndim))
        weight = np.broadcast_to(given, places).reshape(-1)
        counts = weight != 0
        scores, targets, weight = scores[counts], targets[counts], weight[counts]
    if classes == 1:
        right = _right_side(scores[:, 0], targets)
    else:
        right = (scores.argmax(axis=1) == right_classes(scores, targets)) & ~np.isnan(scores).any(axis=1)
    return float(np.mean(right)) if weight is None else float(np.average(right, weights=weight))


def _right_side(scores: Array, target: Array) -> Array:
    """Return where one output lies on its target's side of 1/2, itself on that of 0."""
    _require(
        (target == 0) | (target == 1),
        target,
        "accuracy of one output needs targets of two classes",
        "0 and 1: the output is compared with 1/2",
        "accuracy means nothing for measured numbers; map the two classes to 0 and 1",
    )
    right: Array = np.where(target == 1, scores > 0.5, scores <= 0.5)
    return right


def right_classes(prediction: Array, target: Array, metric: str = "accuracy") -> Array:
    """Return the number of the right class of each example, (N,).

    Targets are class numbers, or rows like the prediction's of which the largest is the class. Errors name the metric.

    Raises
    ------
    ShapeMismatch, DataError
        Targets that say of no class that it is right: measured numbers, rows with two largest, numbers of no class.

    """
    if target.shape == prediction.shape:
        right: Array = target.argmax(axis=1)
        largest = target[np.arange(len(target)), right]
        known = ((target >= 0) & (target <= 1)).all(axis=1)
        known &= np.count_nonzero(target == largest[:, None], axis=1) == 1
        _require(
            known,
            target,
            f"{metric} cannot tell the class of these targets",
            "one-hot rows, or shares between 0 and 1 with a single largest; or class numbers",
            f"several labels that may be right at once: the metric {metric} with multi_label: true"
            if ((target == 0) | (target == 1)).all()
            else f"{metric} means nothing for measured numbers; otherwise hand it class numbers",
        )
        return right
    labels = _column(prediction, target)
    count = prediction.shape[1]
    if labels.dtype.kind not in "iuf":
        raise _cannot_compare(prediction, target)
    wanted, whole = f"class numbers from 0 to {count - 1}", labels == np.floor(labels)  # NaN is not
    what = f"{metric} of targets that are no class numbers is undefined"
    _require(whole, labels, what, wanted, f"{metric} means nothing for measured numbers")
    what = f"{metric} of targets that are none of the classes is undefined"
    _require((labels >= 0) & (labels < count), labels, what, wanted)
    return labels.astype(np.intp)


def _require(known: Array, target: Array, problem: str, expected: str, hint: str | None = None) -> None:
    if not known.all():
        row = int(np.argmin(known))
        shown = target[row].tolist() if target.ndim > 1 else target[row]
        raise DataError(problem, expected=expected, received=f"{shown} at [{row}]", hint=hint)


def _column(prediction: Array, target: Array) -> Array:
    """Return targets (N,) or (N, 1) as (N,)."""
    if target.shape not in ((len(prediction),), (len(prediction), 1)):
        raise _cannot_compare(prediction, target)
    return target.reshape(-1)


def _cannot_compare(prediction: Array, target: Array) -> ShapeMismatch:
    *places, classes = prediction.shape
    one_hot = f"{prediction.shape} (one-hot) or " if classes > 1 else ""
    numbers = f"{tuple(places)} or {(*places, 1)} of {'class numbers' if classes > 1 else 'zeros and ones'}"
    return ShapeMismatch(
        "accuracy cannot compare these targets",
        expected=f"{one_hot}{numbers}",
        received=f"{target.shape}, {target.dtype}",
    )
