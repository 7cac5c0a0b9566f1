"""The comparison of normalisations runs; no time is asserted."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.normalisations import measured, ours


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
def test_steps_can_be_timed(kind: str) -> None:
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    (seconds,) = measured([ours(kind, x, x)], blocks=2, calls=2)
    assert len(seconds) == 2
    assert min(seconds) > 0
