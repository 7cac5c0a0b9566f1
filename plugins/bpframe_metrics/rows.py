"""What counts of predictions and targets, position by position, one under the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bpframe.extend import Array, DataError, ShapeMismatch, right_classes

__all__ = ["ClassRows", "all_labels", "class_rows", "label_rows", "probabilities", "value_rows", "weights_of_places"]


#: How far from 1 probabilities of classes may add up: float32 rounds thousands of them to less.
SUM_ERROR = 1e-3


class ClassRows(NamedTuple):
    """Scores, the right class and the weight of everything that counts: M examples or positions.

    Shapes: scores (M, classes) or, of one output, (M, 1), of which the classes are 0 and 1; right (M,); weight (M,).
    """

    scores: Array
    right: Array
    weight: Array

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return max(2, int(self.scores.shape[1]))

    def predicted(self, threshold: float) -> Array:
        """Return the class of the largest score, the first of several; of one output, 1 above the threshold."""
        if self.scores.shape[1] > 1:
            found: Array = self.scores.argmax(axis=1)
            return found
        return (self.scores[:, 0] > threshold).astype(np.intp)


def class_rows(metric: str, prediction: Array, target: Array, weight: Array | None, numbers: bool = True) -> ClassRows:
    """Return what counts, (N, *positions, classes) flattened; without weights all counts.

    Errors: ShapeMismatch, DataError where targets say of no class that it is right, nothing counts, or, unless
    `numbers` is false, a score is NaN.
    """
    prediction, target = np.asarray(prediction), np.asarray(target)
    if prediction.ndim < 2 or not prediction.shape[-1]:
        raise ShapeMismatch(
            f"{metric} needs one score per class",
            expected="(N, *positions, classes), or (N, *positions, 1) for a yes or no",
            received=str(prediction.shape),
        )
    *places, classes = prediction.shape
    one_hot = classes > 1 and target.shape == prediction.shape
    if not one_hot and target.shape not in ((*places,), (*places, 1)):
        raise _unlike(
            metric, f"{prediction.shape} or {tuple(places)}" if classes > 1 else f"{prediction.shape}", target
        )
    counts = _spread(metric, weight, prediction)
    kept = counts != 0
    scores = prediction.reshape(-1, classes)[kept].astype(np.float64)
    right = target.reshape(-1, classes)[kept] if one_hot else target.reshape(-1)[kept]
    _check_some(metric, kept, scores if numbers else np.zeros(1))
    if classes > 1:
        return ClassRows(scores, right_classes(scores, right, metric), counts[kept])
    known = (right == 0) | (right == 1)
    if not known.all():
        raise DataError(
            f"{metric} of one output needs targets of two classes", expected="0 and 1", received=str(right[~known][0])
        )
    return ClassRows(scores, right.astype(np.intp), counts[kept])


def label_rows(
    metric: str, prediction: Array, target: Array, weight: Array | None, outputs: str | None
) -> list[ClassRows]:
    """Return the rows of every label of several, each of one output: of (N, *positions, K), K of them.

    Errors: DataError for the scores of a softmax; ShapeMismatch for targets of another shape; those of `class_rows`.
    """
    if outputs == "logits":
        raise DataError(
            f"{metric} of several labels that may be right at once, and the cost has one right class",
            expected="a cost of yes or no, such as binary_cross_entropy",
            received=outputs,
            hint=f"{metric} without multi_label",
        )
    prediction, target = np.asarray(prediction), np.asarray(target)
    if target.shape != prediction.shape or prediction.ndim < 2:
        raise _unlike(metric, f"{prediction.shape}, a yes or no for every output", target)
    own = weight is not None and weight.shape == prediction.shape
    return [
        class_rows(
            metric, prediction[..., k : k + 1], target[..., k], weight[..., k] if own and weight is not None else weight
        )
        for k in range(prediction.shape[-1])
    ]


def all_labels(metric: str, prediction: Array, target: Array, weight: Array | None, outputs: str | None) -> ClassRows:
    """Return the rows of all labels, one under the other. Errors: those of `label_rows`."""
    rows = label_rows(metric, prediction, target, weight, outputs)
    return ClassRows(*(np.concatenate(each) for each in zip(*rows, strict=True)))


def value_rows(metric: str, prediction: Array, target: Array, weight: Array | None) -> tuple[Array, Array, Array]:
    """Return predicted numbers, targets and weights, each (M, outputs), of the positions some of which count.

    Errors: ShapeMismatch; DataError where a number is NaN, or nothing counts.
    """
    prediction, target = np.asarray(prediction), np.asarray(target)
    if prediction.ndim == 1:
        prediction = prediction[:, None]
    *places, outputs = prediction.shape
    if target.shape != prediction.shape and not (outputs == 1 and target.shape == (*places,)):
        raise _unlike(metric, str(prediction.shape), target)
    if weight is None or weight.shape != prediction.shape:
        flat = _spread(metric, weight, prediction)
        counts = np.broadcast_to(flat[:, None], (len(flat), outputs))
    else:
        counts = weight.reshape(-1, outputs).astype(np.float64)
    kept = (counts != 0).any(axis=1)
    a, y = (each.reshape(-1, outputs)[kept].astype(np.float64) for each in (prediction, target))
    counts = counts[kept]
    _check_some(metric, kept, np.where(counts == 0, 0, a))
    return np.where(counts == 0, 0, a), np.where(counts == 0, 0, y), counts


def probabilities(metric: str, rows: ClassRows, logits: bool) -> Array:
    """Return (M, classes) probabilities: of logits by a softmax or, of one output, a sigmoid.

    Errors: DataError where numbers that should be probabilities are none.
    """
    scores = rows.scores
    if logits:
        return np.exp(log_probabilities(rows))
    if scores.size and (scores.min() < 0 or scores.max() > 1):
        outside = scores[(scores < 0) | (scores > 1)][0]
        raise DataError(
            f"{metric} needs probabilities", expected="0 to 1", received=f"{outside:g}", hint="logits=True takes scores"
        )
    if scores.shape[1] == 1:
        return np.concatenate([1 - scores, scores], axis=1)
    sums = scores.sum(axis=1)
    if (off := np.abs(sums - 1) > SUM_ERROR).any():
        raise DataError(
            f"{metric} needs probabilities of classes, which add up to 1",
            expected="1",
            received=f"{sums[off][0]:.6g}",
            hint="logits=True takes scores",
        )
    return scores


def log_probabilities(rows: ClassRows) -> Array:
    """Return the logarithms of the probabilities that logits stand for, (M, classes), precise near 0 too."""
    scores = rows.scores
    if scores.shape[1] == 1:
        signed = scores * np.array([1.0, -1.0])
        logarithms: Array = -np.logaddexp(0, signed)
        return logarithms
    shifted = scores - scores.max(axis=1, keepdims=True)
    largest = shifted == 0
    count = largest.sum(axis=1, keepdims=True)
    others = np.where(largest, 0, np.exp(shifted)).sum(axis=1, keepdims=True)
    found: Array = shifted - (np.log(count) + np.log1p(others / count))
    return found


def weights_of_places(metric: str, weight: Array, prediction: Array) -> Array:
    """Return weights (N, *positions), or of fewer axes; of a cost in which every entry counts, what its entries share.

    Errors: DataError where entries of one position count differently.
    """
    *places, outputs = prediction.shape
    if weight.shape == prediction.shape and weight.ndim > 1:
        if outputs > 1 and (weight != weight[..., :1]).any():
            raise DataError(
                f"{metric} cannot count classes of one position differently",
                expected=f"weights {tuple(places)}",
                received=f"different weights along the last axis of {weight.shape}",
            )
        return weight[..., 0]
    return weight


def _spread(metric: str, weight: Array | None, prediction: Array) -> Array:
    """Return the weight of every position, flat."""
    places = prediction.shape[:-1]
    weight = np.ones(places[:1]) if weight is None else weights_of_places(metric, np.asarray(weight), prediction)
    if weight.shape != tuple(places[: weight.ndim]):
        raise ShapeMismatch(
            f"{metric} cannot spread these weights", expected=f"{tuple(places)}", received=str(weight.shape)
        )
    spread = weight.reshape(*weight.shape, *(1,) * (len(places) - weight.ndim))
    return np.broadcast_to(spread, places).reshape(-1).astype(np.float64)


def _check_some(metric: str, kept: Array, numbers: Array) -> None:
    if not kept.any():
        raise DataError(
            f"{metric} of nothing is undefined", expected="an example or position that counts", received="none"
        )
    if np.isnan(numbers).any():
        raise DataError(f"{metric} of NaN is undefined", expected="numbers", received="a prediction that is NaN")


def _unlike(metric: str, expected: str, target: Array) -> ShapeMismatch:
    return ShapeMismatch(
        f"{metric} cannot compare these targets", expected=expected, received=f"{target.shape}, {target.dtype}"
    )
