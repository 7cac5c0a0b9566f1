"""Examples as users hand them in, by rows: what is kept for validation is taken out before anything is prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.data.split import held_back_count, split_rows
from bpframe.differentiable import Examples
from bpframe.errors import DataError
from bpframe.training.spec import TrainingSpec
from bpframe.validation.indexed import Indexed, indexed
from bpframe.validation.plain_arrays import Array

__all__ = ["count_given", "rows_of", "some_of", "without_validation"]


def without_validation(
    spec: TrainingSpec, seed: int, data: Examples, validation_data: Examples | None
) -> tuple[Examples, Examples | None]:
    """Return what is trained on and what is measured after every epoch, of a training with a `validation_split`.

    The same examples are kept for validation by every training of one network, whatever the seed of that training, so
    that no later one learns what was measured. Without shuffling they are the last ones.

    Errors: DataError (validation data are given as well, or parts of different lengths).
    """
    if spec.validation_split is None:
        return data, validation_data
    if validation_data is not None:
        raise DataError("there are validation data, and validation_split keeps some", expected="one of both")
    x, y, weight = (*data, None)[:3]
    count = count_given(x, y, weight)
    held_back = held_back_count(count, spec.validation_split, None, "validation")
    training, _, kept = split_rows(count, held_back, seed=seed, shuffle=spec.shuffle)
    parts = [
        tuple(None if each is None else rows_of(each, rows) for each in (x, y, weight)) for rows in (training, kept)
    ]
    return parts[0], parts[1]  # type: ignore[return-value]


def count_given(x: Any, y: Any, weight: Any = None) -> int:
    """Return how many examples there are. Errors: DataError (nothing that has a length, or different ones)."""
    counts: dict[str, int] = {}
    for what, given in (("x", x), ("y", y), ("sample_weight", weight)):
        several = given.items() if isinstance(given, Mapping) else [("", given)]
        for name, each in several:
            if each is None:
                continue
            try:
                counts[f"{what} {name}".strip()] = len(each)
            except TypeError:
                raise DataError(
                    f"{what} has no length", expected="examples on axis 0", received=type(each).__name__
                ) from None
    if len(set(counts.values())) > 1:
        raise DataError(
            "there are different numbers of examples",
            expected=f"{next(iter(counts.values()))} of each",
            received=", ".join(f"{name}: {count}" for name, count in counts.items()),
        )
    return next(iter(counts.values()))


def some_of(given: Any, rows: Array) -> Any:
    """Return a few examples, read; else as `rows_of`."""
    if isinstance(given, Mapping):
        return {name: some_of(each, rows) for name, each in given.items()}
    found = rows_of(given, rows)
    return found[0 : len(found)] if isinstance(found, Indexed) else found


def rows_of(given: Any, rows: Array) -> Any:
    """Return some examples of an array, of a table of pandas, polars or pyarrow, of a list, or of each in a mapping.

    What is read in portions is read where it is used.
    """
    if isinstance(given, Mapping):
        return {name: rows_of(each, rows) for name, each in given.items()}
    read = indexed(given, "examples")
    if read is not None:
        return read.select(rows)
    if isinstance(given, np.ndarray):
        return given[rows]
    if hasattr(given, "iloc"):
        return given.iloc[rows]
    if hasattr(given, "column_names"):  # pyarrow
        return given.take(rows)
    if hasattr(given, "columns") or hasattr(given, "to_frame"):  # polars
        return given[rows]
    return [given[int(row)] for row in rows]
