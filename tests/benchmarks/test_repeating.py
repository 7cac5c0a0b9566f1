"""The benchmark of repeated passes measures what it says. No time is asserted."""

from __future__ import annotations

import numpy as np

from tests.benchmarks import repeating


def test_every_figure_is_a_number() -> None:
    found = repeating.sizes(calls=60)
    found |= {"guards": repeating.guards(1), "threads": repeating.threads(1, examples=64)}
    assert set(found) >= {"bpframe p50", "bpframe p99", "by hand p50", "by hand p99"}
    assert all(np.isfinite(value) and value > 0 for value in found.values())


def test_what_is_done_by_hand_is_the_same() -> None:
    net = repeating.network()
    x = np.random.default_rng(0).random((5, 64), dtype=np.float32)
    np.testing.assert_allclose(repeating.by_hand(net)(x), net.predict(x), rtol=1e-5)
