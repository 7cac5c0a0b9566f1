"""What users hand in is theirs: it is not kept."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from bpframe_reference import GradientDescent

from tests.network.networks import chain

USES = {
    "per example": lambda net, x, y: net.per_example.gradients(x, y),
    "fit": lambda net, x, y: net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=2, batch_size=2),
}


@pytest.mark.parametrize("use", USES)
def test_examples_are_let_go(use) -> None:
    net = chain()
    x, y = np.ones((5, 3)), np.ones((5, 2))
    for _ in range(30 if use != "fit" else 1):
        USES[use](net, x, y)
    held = weakref.ref(x), weakref.ref(y)
    del x, y
    gc.collect()
    assert [each() for each in held] == [None, None]
