"""Whatever is done at whatever lengths, in any order: each step is that of a closed network in the same condition."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from bpframe_reference import GradientDescent

from .networks import chain, samples

OPTIMIZER = GradientDescent(learning_rate=0.001)

STEPS = {
    "predict": lambda net, x, y: net.predict(x),
    "cost": lambda net, x, y: np.array(net.cost(x, y)),
    "gradient": lambda net, x, y: net.gradient(x, y).vector,
    "noisy gradient": lambda net, x, y: net.gradient(x, y, training=True).vector,
    "noisy product": lambda net, x, y: net.hvp(x, y, np.ones_like(net.parameters.vector), training=True),
    "step": lambda net, x, y: np.array(net.train_step(x, y, optimizer=OPTIMIZER)),
    "fit": lambda net, x, y: net.fit(  # no batch of one, which has no variance at length 1
        x, y, optimizer=OPTIMIZER, epochs=1, batch_size=2 + len(x) % 2, progress=False
    ).column("cost"),
    "another seed": lambda net, x, y: net.fit(x, y, optimizer=OPTIMIZER, epochs=1, seed=5, progress=False).column(
        "cost"
    ),
}


def condition(net):
    held = net._engine.held.snapshot()
    streams = {key: each.bit_generator.state for key, each in held.pop("generators").items()}
    state = {(node, name): each.tobytes() for node, named in held.pop("state").items() for name, each in named.items()}
    return streams, state, held["seed"], held["parameters"].tobytes()


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence(seed):
    rng = np.random.default_rng(seed)
    opened = chain()
    for _ in range(25):
        name, length, count = rng.choice([*STEPS]), int(rng.integers(1, 14)), int(rng.integers(2, 6))
        x, y = samples(length, count)
        closed = chain(length)
        closed._engine.held.restore(opened._engine.held.snapshot())
        expected = np.asarray(STEPS[name](closed, x, y))
        found = np.asarray(STEPS[name](opened, x, y))
        assert (found.shape, found.tobytes()) == (expected.shape, expected.tobytes()), (name, length)
        assert condition(opened) == condition(closed), (name, length)
        if rng.random() < 0.1:
            opened = copy.deepcopy(opened) if rng.random() < 0.5 else pickle.loads(pickle.dumps(opened))
