"""An elementwise optimizer runs block by block on long vectors; nobody can tell."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from bpframe.extend import Optimizer
from bpframe.training import updates


class Adam(Optimizer):
    """Adam, with a step counter in its state: D. P. Kingma and J. Ba, arXiv:1412.6980, algorithm 1."""

    elementwise: ClassVar[bool] = True

    def initial_state(self, parameters):
        return {"m": np.zeros_like(parameters), "v": np.zeros_like(parameters), "t": np.zeros(())}

    def update(self, gradient, state):
        t = state["t"] + 1
        m = 0.9 * state["m"] + 0.1 * gradient
        v = 0.999 * state["v"] + 0.001 * gradient**2
        change = -0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return change, {"m": m, "v": v, "t": t}


@pytest.mark.parametrize("size", [1, 7, 24, 25])
def test_blocks_change_nothing_and_a_counter_counts_steps(monkeypatch, size):
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(size), rng.standard_normal((5, size))
    ends = []
    for block_bytes in (8 * 6, 1 << 17):
        monkeypatch.setattr(updates, "BLOCK_BYTES", block_bytes)
        theta, gradient = start.copy(), np.empty(size)
        updater = updates.Updater(Adam(), theta, gradient)
        for each in gradients:
            gradient[:] = each
            updater.apply()
        assert updater.state["t"] == 5
        ends.append(theta)
    np.testing.assert_array_equal(ends[0], ends[1])
