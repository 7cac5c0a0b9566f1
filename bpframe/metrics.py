"""What to measure beside the cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.errors import DataError, ShapeMismatch

__all__ = ["accuracy"]

Array = np.ndarray[Any, Any]


def accuracy(prediction: Array, target: Array) -> float:
    """Return the share of examples whose class is right, between 0 and 1.

    The predicted class is the largest of the outputs (N, classes). Targets are one-hot rows of the same shape, or class
    numbers (N,).

    Raises
    ------
    ShapeMismatch, DataError

    """
    prediction, target = _as_array(prediction), _as_array(target)
    if prediction.ndim != 2:
        raise ShapeMismatch(
            "accuracy needs one score per class", expected="(N, classes)", received=str(prediction.shape)
        )
    if len(prediction) == 0:
        raise DataError("accuracy of no examples is undefined", expected="at least one example", received="0")
    if target.shape == prediction.shape:
        classes = target.argmax(axis=1)
    elif target.shape == prediction.shape[:1] and target.dtype.kind in "iu":
        classes = target
    else:
        raise ShapeMismatch(
            "accuracy cannot compare these targets",
            expected=f"{prediction.shape} (one-hot) or {prediction.shape[:1]} of integers",
            received=f"{target.shape}, {target.dtype}",
        )
    return float(np.mean(prediction.argmax(axis=1) == classes))


def _as_array(value: Any) -> Array:
    return value if hasattr(value, "ndim") else np.asarray(value)
