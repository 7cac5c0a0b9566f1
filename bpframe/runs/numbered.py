"""One example among a data set's, by its number."""

from __future__ import annotations

from bpframe.data import Dataset
from bpframe.errors import DataError
from bpframe.validation.plain_arrays import Array

__all__ = ["row_of"]


def row_of(dataset: Dataset, number: int) -> tuple[Array, Array]:
    """Return an example and its target, one row each: from 0 on, those of the training part, then the other parts'.

    Errors: DataError for a number that no example has.
    """
    parts = [(x, y) for x, y, _ in dataset.parts.values()]
    place = number
    for x, y in parts:
        if 0 <= place < len(x):
            return x[place : place + 1], y[place : place + 1]
        place -= len(x)
    count = sum(len(x) for x, _ in parts)
    raise DataError("there is no such example", expected=f"a number from 0 to {count - 1}", received=str(number))
