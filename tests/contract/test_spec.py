"""A spec names the components through a registry, and the network that it describes trains."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe import Network
from bpframe.documents import parse_spec
from bpframe.errors import UnknownComponent

from .plugin_set import COMPONENTS, registry

SPEC = """
network:
  inputs: {tokens: [8], signal: [8, 3]}
  nodes:
    looked_up: {kind: embedding, size: 5, units: 4, weights: {kind: uniform, scale: 2}, inputs: tokens}
    attended:  {kind: attention, inputs: [looked_up, looked_up, looked_up]}
    filtered:  {kind: conv1d, filters: 4, kernel_size: 1, inputs: signal}
    joined:    {kind: probes.concatenate, inputs: [attended, filtered]}
    normal:    {kind: layer_norm, inputs: joined}
    hidden:    {kind: recurrent, units: 6, inputs: normal}
    pooled:    {kind: max_pool1d, kernel_size: 2, inputs: hidden}
    flat:      {kind: flatten, inputs: pooled}
    dropped:   {kind: dropout, rate: 0.1, inputs: flat}
    normed:    {kind: batch_norm, inputs: dropped}
    scores:    {kind: reference.dense, units: 3, inputs: normed}
  cost: {kind: softmax_cross_entropy}
  dtype: float32
  seed: 3
training:
  optimizer: {kind: momentum, learning_rate: 0.05}
  epochs: 12
  batch_size: 16
  seed: 1
  metrics: [metrics.accuracy]
"""


def samples(count=64):
    """The class is how often token 0 occurs, and the signal's sign adds to it: both inputs are needed."""
    rng = np.random.default_rng(0)
    tokens, signal = rng.integers(0, 5, (count, 8)), rng.standard_normal((count, 8, 3))
    y = np.minimum((tokens == 0).sum(axis=1) // 2 + (signal[:, 0, 0] > 0), 2)
    return {"tokens": tokens, "signal": signal.astype(np.float32)}, y


def test_every_component_is_accepted():
    found = registry()
    assert [each.status for each in found.sets] == ["ok", "ok", "ok"]
    assert all(found.name_of(cls).startswith("probes.") for cls in COMPONENTS)


def test_a_network_of_ten_probes_trains_from_a_spec():
    spec = parse_spec(SPEC, registry())
    network = Network.from_spec(spec.network)
    x, y = samples()
    history = network.train(spec.training, (x, y), progress=False)
    assert history.epochs[-1].cost < 0.6 * history.epochs[0].cost
    assert history.epochs[-1].accuracy > 0.8
    again = Network.from_spec(parse_spec(SPEC, registry()).network)
    again.train(spec.training, (x, y), progress=False)
    np.testing.assert_array_equal(network.parameters.vector, again.parameters.vector)


def test_a_registry_without_the_set_does_not_know_its_kinds():
    (reference, *_) = registry().sets
    with pytest.raises(UnknownComponent, match="embedding"):
        parse_spec(SPEC, type(registry()).build([reference]))
