"""What the layers learn, on data that was held back."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from bpframe_activations import Relu
from bpframe_classification import CrossEntropy
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import LayerNorm
from bpframe_sequence import Embedding, Gru, Lstm, PositionalEncoding, TransformerBlock

import bpframe as bp
from bpframe.data.alice import AliceData

WINDOW, TRAINED = 20, 1000


def series_error(layer: object, seed: int) -> float:
    """Return the squared error on the end of a noisy series, as a share of that of "as the last value"."""
    t = np.arange(1400)
    rng = np.random.default_rng(0)
    series = np.sin(2 * np.pi * t / 25) + 0.5 * np.sin(2 * np.pi * t / 11 + 1) + 0.02 * rng.standard_normal(len(t))
    x = np.lib.stride_tricks.sliding_window_view(series, WINDOW)[:-1, :, None].astype(np.float32)
    y = series[WINDOW:, None].astype(np.float32)
    net = bp.Network([layer, Dense(units=1)], cost=QuadraticCost(), input_shape=(None, 1), seed=seed, dtype="float32")
    net.fit(x[:TRAINED], y[:TRAINED], optimizer=Adam(learning_rate=0.01), epochs=8, batch_size=32, progress=False)
    x, y = x[TRAINED + WINDOW :], y[TRAINED + WINDOW :]
    return float(((net.predict(x) - y) ** 2).mean() / ((x[:, -1] - y) ** 2).mean())


@pytest.mark.parametrize("layer", [Lstm(units=16), Gru(units=16)], ids=lambda layer: layer.kind)
def test_a_recurrent_layer_is_ten_times_better_than_the_last_value(layer: object) -> None:
    assert series_error(layer, seed=0) < 0.1


@pytest.mark.soak
def test_an_lstm_is_ten_times_better_than_the_last_value_in_the_median_of_five_seeds() -> None:
    assert statistics.median(series_error(Lstm(units=16), seed) for seed in range(5)) < 0.1


@pytest.mark.soak
def test_a_character_transformer_falls_below_the_bigram_entropy_of_its_text() -> None:
    costs = []
    data = AliceData(length=32, stride=8)
    found = data.load(dtype="float32", class_numbers=True)
    kinds = int(max(found.x.max(), found.x_test.max())) + 1
    pairs = np.zeros((kinds, kinds))
    np.add.at(pairs, (found.x.ravel(), found.y.ravel()), 1)
    rows = pairs.sum(axis=1, keepdims=True)
    met = pairs > 0
    entropy = -(pairs[met] * np.log((pairs / np.maximum(rows, 1))[met])).sum() / pairs.sum()
    for seed in range(5):
        net = bp.Network(
            [
                Embedding(size=kinds, units=64),
                PositionalEncoding(),
                TransformerBlock(heads=4, units=128, causal=True, activation=Relu()),
                TransformerBlock(heads=4, units=128, causal=True, activation=Relu()),
                LayerNorm(),
                Dense(units=kinds),
            ],
            cost=CrossEntropy(),
            input_shape=(None,),
            seed=seed,
            dtype="float32",
        )
        net.fit(found.x, found.y, optimizer=Adam(learning_rate=0.002), epochs=2, batch_size=32, progress=False)
        costs.append(net.cost(found.x_test, found.y_test))
    assert statistics.median(costs) < entropy
