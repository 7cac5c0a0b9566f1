"""Examples in portions, in a new order for every pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import Any

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.training.augmentation import Augment, Augmentation
from bpframe.training.read_ahead import read_ahead
from bpframe.training.spec import TrainingSpec
from bpframe.validation.indexed import Indexed
from bpframe.validation.plain_arrays import Array

__all__ = ["Batches", "Samples", "count_of", "training_batches"]


#: Inputs and targets by name, checked, in the network's dtype.
Samples = tuple[Mapping[str, Array], Mapping[str, Array]]


#: A batch that takes longer to read, in seconds, is worth a thread, which itself costs some tenths of a millisecond.
SLOW = 0.001


class Batches:
    """The examples in batches of `size`, the last of them maybe smaller: one pass per iteration over this object.

    With `shuffling` every pass takes the examples in a new order. All batches of one size are the same arrays, so that
    whoever works on them can prepare for them once: a batch is valid until the next one.
    """

    def __init__(
        self, data: Samples, size: int, shuffling: np.random.Generator | None, augmentation: Augmentation | None = None
    ) -> None:
        self.data = data
        self.size = size
        self.count = count_of(data)
        self.shuffling = shuffling
        #: The number of the pass, which an augmentation draws by.
        self.epoch = 0
        self._augmentation = augmentation
        self._reads = any(isinstance(array, Indexed) for part in data for array in part.values())
        self._sources: tuple[dict[str, Array], ...] = ()
        self._prepared: dict[int, tuple[Samples, list[tuple[Callable[..., Any], Array]]]] = {}

    def __iter__(self) -> Iterator[Samples]:
        return self.beginning(0)

    def beginning(self, done: int) -> Generator[Samples]:
        """Yield the batches of a pass of which so many are done already; what is left is to be closed."""
        size, count, first = self.size, self.count, done * self.size
        if self.shuffling is None and size >= count and not self._reads and self._augmentation is None:
            if not done:
                yield self.data
            return
        order = np.arange(count) if self.shuffling is None else self.shuffling.permutation(count)
        whole = count // size * size
        parts = (order[first:whole], size), (order[max(first, whole) :], count - whole)
        batches = (rows for examples, portion in parts if examples.size for rows in examples.reshape(-1, portion))
        if self._reads:
            yield from self._read(enumerate(batches, done + 1))
            return
        for number, rows in enumerate(batches, done + 1):
            batch, takes = self._buffers_of(len(rows))
            for take, buffer in takes:
                # The indices are all in range, so clipping changes nothing; it spares take a checked copy.
                take(rows, 0, buffer, "clip")
            if self._augmentation is not None:
                _copy(self._augmentation(batch[0], self.epoch, number), batch[0])
            yield batch

    def _read(self, batches: Iterator[tuple[int, Array]]) -> Iterator[Samples]:
        """Yield batches that are read, and changed; from the first that takes long a thread reads those after it."""

        def read(numbered: tuple[int, Array]) -> tuple[int, Samples]:
            number, rows = numbered
            inputs, targets = ({name: array.take(rows, 0) for name, array in part.items()} for part in self.data)
            if self._augmentation is not None:
                inputs = dict(self._augmentation(inputs, self.epoch, number))
            return len(rows), (inputs, targets)

        def filled(count: int, parts: Samples) -> Samples:
            batch, _ = self._buffers_of(count)
            for part, into in zip(parts, batch, strict=True):
                _copy(part, into)
            return batch

        for each in batches:
            begun = time.perf_counter()
            found = read(each)
            took = time.perf_counter() - begun
            yield filled(*found)
            if took > SLOW:
                break
        with closing(read_ahead(batches, read)) as ahead:
            for found in ahead:
                yield filled(*found)

    def _buffers_of(self, size: int) -> tuple[Samples, list[tuple[Callable[..., Any], Array]]]:
        """Return the arrays of a batch of this size, and each source's `take` beside the one that it fills."""
        if not self._sources:
            # Of an array in several pieces take would make a whole copy for every batch; here it is one for good.
            self._sources = tuple(
                {
                    name: array if isinstance(array, Indexed) else np.require(array, requirements=["C", "A"])
                    for name, array in part.items()
                }
                for part in self.data
            )
        if size not in self._prepared:
            inputs, targets = (
                {name: np.empty((size, *array.shape[1:]), array.dtype) for name, array in part.items()}
                for part in self._sources
            )
            takes = [
                (array.take, buffers[name])
                for part, buffers in zip(self._sources, (inputs, targets), strict=True)
                for name, array in part.items()
            ]
            self._prepared[size] = (inputs, targets), takes
        return self._prepared[size]


def training_batches(engine: Engine, spec: TrainingSpec, data: Samples, augment: Augment | None = None) -> Batches:
    """Return the examples in the portions and the orders of a training, their inputs changed by `augment`."""
    shuffling = engine.generator("order of examples", "training") if spec.shuffle else None
    augmentation = None if augment is None else Augmentation(augment, engine.seed)
    return Batches(data, spec.examples_per_step(count_of(data)), shuffling, augmentation)


def _copy(arrays: Mapping[str, Array], into: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        if array is not into[name]:
            into[name][...] = array


def count_of(data: Samples) -> int:
    """Return how many examples there are."""
    return len(next(iter(data[0].values())))
