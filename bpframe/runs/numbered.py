"""One example among a data set's, by its number."""

from __future__ import annotations

from bpframe.data import Dataset
from bpframe.errors import DataError
from bpframe.validation.plain_arrays import Array

__all__ = ["row_of"]


def row_of(dataset: Dataset, number: int) -> tuple[Array, Array]:
    """Return an example and its target, one row each: from 0 on, those of the training part and then the test part's.

    Errors: DataError for a number that no example has.
    """
    parts = [(dataset.x, dataset.y)]
    if dataset.x_test is not None and dataset.y_test is not None:
        parts.append((dataset.x_test, dataset.y_test))
    place = number
    for x, y in parts:
        if 0 <= place < len(x):
            return x[place : place + 1], y[place : place + 1]
        place -= len(x)
    count = sum(len(x) for x, _ in parts)
    raise DataError("there is no such example", expected=f"a number from 0 to {count - 1}", received=str(number))
