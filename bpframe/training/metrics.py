"""What to measure beside the cost."""

from __future__ import annotations

import numpy as np

from bpframe.derivatives.points.given_weights import checked_weight
from bpframe.errors import DataError, ShapeMismatch
from bpframe.validation.plain_arrays import Array, plain_array

__all__ = ["accuracy", "right_classes"]


def accuracy(prediction: Array, target: Array, sample_weight: Array | None = None) -> float:
    """Return the share of examples whose class is right, between 0 and 1; with weights w, Σ w_n right_n / Σ w_n.

        right_n  where  a_{n,y_n} > a_{nk} for all other k;        of one output, where (a_n − 1/2) (y_n − 1/2) > 0

    The predicted class is the largest of the outputs (N, classes); targets are class numbers (N,) or (N, 1), integers
    or whole floats, or rows of the same shape: one-hot, or shares between 0 and 1 of which the largest is the class.
    One output (N, 1) predicts class 1 above 1/2 and class 0 below; targets are 0 and 1, (N,) or (N, 1).

    Where no class is predicted the example counts as wrong: an output is NaN, two share the largest value, or the only
    one is exactly 1/2.

    Raises
    ------
    ShapeMismatch, DataError
        Targets that say of no class that it is right: measured numbers, rows with two largest, numbers of no class;
        weights that are not (N,) numbers of 0 or more with a positive sum.

    """
    prediction, target = plain_array(prediction, "prediction"), plain_array(target, "target")
    if prediction.ndim != 2 or prediction.shape[1] == 0:
        of_positions = "for positions of a sequence, a Metric of your own that asks for `weight` or `mask`"
        raise ShapeMismatch(
            "accuracy needs one score per class",
            expected="(N, classes), or (N, 1) of which 1/2 is the threshold",
            received=str(prediction.shape),
            hint=of_positions if prediction.ndim > 2 else None,
        )
    if prediction.dtype.kind not in "fiub":
        raise DataError("accuracy needs scores that are real numbers", received=str(prediction.dtype))
    if len(prediction) == 0:
        raise DataError("accuracy of no examples is undefined", expected="at least one example", received="0")
    if prediction.shape[1] == 1:
        right = _right_side(prediction[:, 0], _column(prediction, target))
    else:
        scores = prediction[np.arange(len(prediction)), right_classes(prediction, target)]
        # The right class is predicted where its own score is the only one not below it; NaN is below nothing.
        right = np.count_nonzero(~(prediction < scores[:, None]), axis=1) == 1
    if sample_weight is None:
        return float(np.mean(right))
    return float(np.average(right, weights=checked_weight(sample_weight, len(right), "sample_weight")))


def _right_side(scores: Array, target: Array) -> Array:
    """Return where one output lies on its target's side of 1/2."""
    _require(
        (target == 0) | (target == 1),
        target,
        "accuracy of one output needs targets of two classes",
        "0 and 1: the output is compared with 1/2",
        "accuracy means nothing for measured numbers; map the two classes to 0 and 1",
    )
    right: Array = np.where(target == 1, scores > 0.5, scores < 0.5)
    return right


def right_classes(prediction: Array, target: Array) -> Array:
    """Return the number of the right class of each example, (N,).

    Targets are class numbers, or rows like the prediction's of which the largest is the class.

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
            "accuracy cannot tell the class of these targets",
            "one-hot rows, or shares between 0 and 1 with a single largest; or class numbers",
            "accuracy means nothing for measured numbers; otherwise accuracy(prediction, class numbers)",
        )
        return right
    labels = _column(prediction, target)
    count = prediction.shape[1]
    if labels.dtype.kind not in "iuf":
        raise _cannot_compare(prediction, target)
    wanted, whole = f"class numbers from 0 to {count - 1}", labels == np.floor(labels)  # NaN is not
    what = "accuracy of targets that are no class numbers is undefined"
    _require(whole, labels, what, wanted, "accuracy means nothing for measured numbers")
    what = "accuracy of targets that are none of the classes is undefined"
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
    count, classes = prediction.shape
    one_hot = f"{prediction.shape} (one-hot) or " if classes > 1 else ""
    return ShapeMismatch(
        "accuracy cannot compare these targets",
        expected=f"{one_hot}({count},) or ({count}, 1) of {'class numbers' if classes > 1 else 'zeros and ones'}",
        received=f"{target.shape}, {target.dtype}",
    )
