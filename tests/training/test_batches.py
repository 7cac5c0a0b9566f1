"""Batches: every example once per pass, in arrays that stay, at no cost that grows with the data."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from bpframe.training.batches import Batches

COUNT = 23


def data(order="C"):
    x = np.asarray(np.arange(3.0 * COUNT).reshape(COUNT, 3), order=order)
    return {"a": x, "b": np.arange(COUNT)[::-1]}, {"y": x[:, 1] + 0.5}


def seen(batches):
    """The examples of a pass, one array per name, and the sizes of its batches."""
    passed = [{**inputs, **targets} for inputs, targets in map(copied, batches)]
    sizes = [len(each["y"]) for each in passed]
    return {name: np.concatenate([each[name] for each in passed]) for name in "aby"}, sizes


def copied(batch):
    return tuple({name: array.copy() for name, array in part.items()} for part in batch)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("size", "sizes"), [(5, [5, 5, 5, 5, 3]), (23, [23]), (1, [1] * 23), (10**12, [23])])
@pytest.mark.parametrize("shuffled", [False, True])
def test_every_example_once_with_its_target(order, size, sizes, shuffled) -> None:
    rows = np.random.default_rng(0)
    batches = Batches(data(order), size, np.random.default_rng(0) if shuffled else None)
    for _ in range(3):
        found, lengths = seen(batches)
        expected = rows.permutation(COUNT) if shuffled else np.arange(COUNT)
        assert lengths == sizes
        inputs, targets = data()
        for name, array in {**inputs, **targets}.items():
            np.testing.assert_array_equal(found[name], array[expected])
            assert found[name].dtype == array.dtype


@pytest.mark.parametrize("shuffled", [False, True])
def test_batches_of_one_size_are_the_same_arrays_in_every_pass(shuffled) -> None:
    batches = Batches(data(), 5, np.random.default_rng(0) if shuffled else None)
    passes = [[(inputs, inputs["a"], targets["y"]) for inputs, targets in batches] for _ in range(2)]
    first, *_, last = passes[0]
    for found in passes:
        assert all(one is other for each in found[:-1] for one, other in zip(each, first, strict=True))
        assert all(one is other for one, other in zip(found[-1], last, strict=True))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_batch_costs_no_memory_that_grows_with_the_data(order) -> None:
    x = np.asarray(np.random.default_rng(0).random((2000, 40)), order=order)
    batches = iter(Batches(({"x": x}, {"y": x[:, :1]}), 10, np.random.default_rng(1)))
    next(batches)
    tracemalloc.start()
    try:
        for _ in range(50):
            next(batches)
        assert tracemalloc.get_traced_memory()[1] < x.nbytes / 10
    finally:
        tracemalloc.stop()
