"""Examples in portions: every row once, views of the arrays, and what one is counted for."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.core.backprop.rows import rows_of, slices
from bpframe.derivatives.points import memory
from bpframe.derivatives.points.portions import Portions

from .zoo import ZOO


@pytest.mark.parametrize("count", [0, 1, 6, 7])
@pytest.mark.parametrize("step", [1, 3, 7, 9])
def test_every_row_is_taken_once_and_no_portion_is_larger_than_it_may(count: int, step: int) -> None:
    parts = slices(count, step)
    assert [row for part in parts for row in range(count)[part]] == list(range(count))
    assert all(0 < part.stop - part.start <= step for part in parts)


def test_rows_are_views_and_all_rows_the_arrays_themselves() -> None:
    inputs, targets = {"a": np.arange(12.0).reshape(6, 2), "b": np.arange(6)}, {"y": np.ones((6, 1))}
    assert rows_of(slice(0, 6), inputs, targets) == (inputs, targets)
    some, wanted = rows_of(slice(2, 4), inputs, targets)
    assert {name: array.tolist() for name, array in some.items()} == {"a": [[4, 5], [6, 7]], "b": [2, 3]}
    assert all(some[name].base is not None and np.shares_memory(some[name], inputs[name]) for name in inputs)
    assert wanted["y"].shape == (2, 1)


def test_no_portion_takes_more_than_its_bytes_unless_it_is_one_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PORTION_BYTES", 1000)
    sizes = {each: [part.stop - part.start for part in memory.portions(7, each)] for each in (1, 142, 143, 400, 2000)}
    assert sizes == {1: [7], 142: [7], 143: [6, 1], 400: [2, 2, 2, 1], 2000: [1] * 7}


def test_an_example_counts_with_every_value_and_input_and_training_takes_all_at_once(monkeypatch) -> None:
    network, (x, y) = ZOO[1].make("float32"), ZOO[1].data(dtype="float32")
    arrays = network._samples(x, y)
    examples = Portions(network._engine, *arrays)
    assert examples.bytes_each == 4 * 4 * sum(np.prod(shape, dtype=int) for shape in network.graph.shapes.values())
    monkeypatch.setattr(memory, "PORTION_BYTES", 1)
    assert len(examples.slices()) == examples.count > 1
    assert Portions(network._engine, *arrays, training=True).slices() == [slice(0, examples.count)]
