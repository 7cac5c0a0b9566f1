"""Diagonal blocks of the Gauss–Newton matrix, against the dense matrix from forward passes alone."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense

from bpframe.derivatives.points import memory
from bpframe.errors import DerivativeError, MemoryLimitError
from tests.oracles import assert_close

from .dense import At
from .zoo import ZOO, made, named


def parts_of(network):
    """Where each parameter lies in the vector."""
    found, start = {}, 0
    for path, array in network.parameters.items():
        found[path] = np.arange(start, start + array.size)
        start += array.size
    return found


def groups_of(network, by):
    parts = parts_of(network)
    if by == "parameter":
        return parts
    nodes = dict.fromkeys(path.rpartition(".")[0] for path in parts)
    return {node: np.concatenate([parts[path] for path in parts if path.startswith(f"{node}.")]) for node in nodes}


@pytest.mark.parametrize("by", ["parameter", "node"])
@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_they_are_blocks_of_the_dense_matrix(example, by) -> None:
    network = example.make()
    x, y = example.data()
    dense = At(network, x, y).gauss_newton()
    found = network.curvature.gauss_newton_blocks(x, y, by=by)
    groups = groups_of(network, by)
    assert list(found) == list(groups)
    joined, expected = np.zeros_like(dense), np.zeros_like(dense)
    for name, places in groups.items():
        joined[np.ix_(places, places)] = found[name]
        expected[np.ix_(places, places)] = dense[np.ix_(places, places)]
    assert_close(joined, expected, 1e-9)
    for block in found.values():
        np.testing.assert_array_equal(block, block.T)


@pytest.mark.parametrize("by", ["parameter", "node"])
def test_portions_of_examples_and_columns_add_up(by, monkeypatch) -> None:
    for name in ("convolution-cross-entropy", "shared-weights", "gated-two-outputs"):
        example = named(name)
        network = example.make()
        x, y = example.data(batch=5)
        whole = network.curvature.gauss_newton_blocks(x, y, by=by)
        with monkeypatch.context() as small:
            small.setattr(memory, "PORTION_BYTES", 40)
            for key, block in network.curvature.gauss_newton_blocks(x, y, by=by).items():
                assert_close(block, whole[key], 1e-12)


def test_what_cannot_be_computed_is_refused_by_name() -> None:
    network, x, y = made(Dense(units=3), Dense(units=2))
    with pytest.raises(MemoryLimitError, match="Gauss–Newton blocks by parameter") as caught:
        network.curvature.gauss_newton_blocks(x, y, memory_limit=8 * (81 + 9 + 36 + 4) - 1)
    assert "kfac" in caught.value.hint
    network.curvature.gauss_newton_blocks(x, y, memory_limit=8 * (81 + 9 + 36 + 4))
    with pytest.raises(DerivativeError, match="by is unknown") as caught:
        network.curvature.gauss_newton_blocks(x, y, by="parameters")
    assert "'parameter'" in caught.value.hint
