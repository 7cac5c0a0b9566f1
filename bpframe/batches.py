"""Examples in portions, in a new order for every pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

__all__ = ["Batches", "Samples", "count_of"]

Array = np.ndarray[Any, Any]

#: Inputs and targets by name, checked, in the network's dtype.
Samples = tuple[Mapping[str, Array], Mapping[str, Array]]


class Batches:
    """The examples in batches of `size`, the last of them maybe smaller: one pass per iteration over this object.

    With a generator every pass takes the examples in a new order, and a batch is valid until the next one.
    """

    def __init__(self, data: Samples, size: int, shuffling: np.random.Generator | None) -> None:
        self.data = data
        self.size = size
        self.count = count_of(data)
        self._shuffling = shuffling
        self._buffers: dict[int, Samples] = {}

    def __iter__(self) -> Iterator[Samples]:
        data, size, count = self.data, self.size, self.count
        if self._shuffling is None:
            for start in range(0, count, size):
                inputs, targets = ({name: array[start : start + size] for name, array in part.items()} for part in data)
                yield inputs, targets
            return
        order = self._shuffling.permutation(count)
        for start in range(0, count, size):
            rows = order[start : start + size]
            batch = self._buffers_of(len(rows))
            for part, buffers in zip(data, batch, strict=True):
                for name, array in part.items():
                    # The indices are a permutation, so clipping changes nothing; it spares take a checked copy.
                    np.take(array, rows, axis=0, out=buffers[name], mode="clip")
            yield batch

    def _buffers_of(self, size: int) -> Samples:
        if size not in self._buffers:
            inputs, targets = (
                {name: np.empty((size, *array.shape[1:]), array.dtype) for name, array in part.items()}
                for part in self.data
            )
            self._buffers[size] = (inputs, targets)
        return self._buffers[size]


def count_of(data: Samples) -> int:
    """Return how many examples there are."""
    return len(next(iter(data[0].values())))
