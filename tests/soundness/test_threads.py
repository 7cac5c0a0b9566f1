"""One network may be evaluated and differentiated from many threads: each gets its own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Identity, QuadraticCost, Sigmoid

import bpframe as bp

from .at_once import at_once

THREADS = 8
SIZES = range(1, 21)


def network():
    nodes = {
        "seen": bp.node(Identity(), "x"),
        "wide": bp.node(Dense(units=6), "seen"),
        "bent": bp.node(Sigmoid(), "wide"),
        "back": bp.node(Dense(units=4), "bent"),
        "sum": bp.node(Add(), "back", "seen"),
    }
    return bp.Network(inputs={"x": (4,)}, nodes=nodes, output="sum", cost=QuadraticCost(), seed=0)


USES = {
    "predict": lambda net, x, y: net.predict(x),
    "cost": lambda net, x, y: np.float64(net.cost(x, y)),
    "gradient": lambda net, x, y: net.gradient(x, y).vector,
    "vjp": lambda net, x, y: net.vjp(x, y),
    "jvp": lambda net, x, y: net.jvp(x, y),
}


def wrong_results(times: int) -> list[str]:
    """Return what threads got that was not theirs, or which error."""
    rng = np.random.default_rng(0)
    batches = [(rng.standard_normal((n, 4)), rng.standard_normal((n, 4))) for n in SIZES]
    right = [{use: call(network(), x, y).tobytes() for use, call in USES.items()} for x, y in batches]
    net, found = network(), []
    uses = ("predict", "predict", "cost", "gradient", "gradient", "vjp", "jvp")

    def work(number: int) -> None:
        own = np.random.default_rng(number)
        for turn in range(times):
            place, use = int(own.integers(len(batches))), uses[(turn + number) % len(uses)]
            try:
                if USES[use](net, *batches[place]).tobytes() != right[place][use]:
                    found.append(f"{use} of {place + 1} examples")
            except Exception as error:
                found.append(f"{use}: {type(error).__name__}: {error}")

    at_once(work, THREADS)
    return found


def test_every_thread_gets_its_own_numbers() -> None:
    assert wrong_results(250) == []


@pytest.mark.soak
def test_every_thread_gets_its_own_numbers_a_hundred_thousand_times() -> None:
    assert wrong_results(100_000) == []
