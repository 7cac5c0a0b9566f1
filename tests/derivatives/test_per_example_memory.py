"""What is asked of gradients per example never takes (examples × parameters) numbers."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from bpframe_convolution import Conv1d, Flatten
from bpframe_reference import Dense, Sigmoid
from bpframe_sequence import Embedding

from bpframe import Network
from bpframe.core.operators import KroneckerForm
from bpframe.derivatives.points import memory
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.contract.cases import scatter

from .zoo import named

WIDE = {
    "dense": (lambda: [Dense(units=500), Sigmoid(), Dense(units=2)], (400,), 0),
    "convolution": (lambda: [Conv1d(filters=64, kernel_size=25), Sigmoid(), Flatten(), Dense(units=2)], (30, 64), 0),
    "embedding": (lambda: [Embedding(size=20_000, units=8), Flatten(), Dense(units=2)], (5,), 20_000),
}


@pytest.mark.parametrize("call", ["squared_norms", "gram", "variance", "clipped_gradient"])
@pytest.mark.parametrize("name", WIDE)
def test_memory_does_not_grow_with_examples_times_parameters(
    name: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers, shape, tokens = WIDE[name]
    network = Network(layers(), cost=SoftmaxCrossEntropy(), input_shape=shape, dtype="float32", seed=0)
    scatter(network)
    rng = np.random.default_rng(0)
    parameters = 4 * network.parameters.vector.size
    monkeypatch.setattr(memory, "PORTION_BYTES", 1 << 40)
    monkeypatch.setattr("bpframe.forms.kronecker_form.CHUNK_BYTES", 1 << 16)

    def peak(batch: int) -> int:
        x = rng.integers(0, tokens, (batch, *shape)) if tokens else rng.standard_normal((batch, *shape), "f")
        y = rng.integers(0, 2, batch)
        arguments = (1.0,) if call == "clipped_gradient" else ()
        tracemalloc.start()
        getattr(network.per_example, call)(x, y, *arguments)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2)
    grown = (peak(80) - peak(20)) / 60
    assert grown < 0.25 * parameters


def test_outer_products_are_written_out_only_where_gradients_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    example = named("softmax-cross-entropy")
    network = example.make()
    x, y = example.data()

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("written out")

    monkeypatch.setattr(KroneckerForm, "vectors", refuse)
    quantities = network.per_example
    quantities.squared_norms(x, y)
    quantities.gram(x, y)
    quantities.variance(x, y)
    quantities.clipped_gradient(x, y, 1.0)
    with pytest.raises(AssertionError, match="written out"):
        quantities.gradients(x, y)
