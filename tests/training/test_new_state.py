"""A rule that writes its new state into arrays that it is handed: what lasts is as if it had made new ones."""

from __future__ import annotations

import tracemalloc
from typing import ClassVar

import numpy as np
import pytest
from bpframe_optimizers import Adagrad, Adam, Adamw, Lion, Momentum, Nadam, Rmsprop

import bpframe as bp
from bpframe.errors import ContractError
from bpframe.extend import Optimizer
from bpframe.training import updates
from bpframe.training.updates import Updater
from tests.network.networks import chain, samples

RULES = [
    Adagrad(learning_rate=0.1), Adam(learning_rate=0.1), Adamw(learning_rate=0.1, weight_decay=0.1),
    Lion(learning_rate=0.01, weight_decay=0.1), Momentum(learning_rate=0.1, nesterov=True), Nadam(learning_rate=0.1),
    Rmsprop(learning_rate=0.1, momentum=0.5, centered=True),
]  # fmt: skip
X, Y = samples(13)


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.kind)
def test_blocks_change_no_byte(monkeypatch: pytest.MonkeyPatch, rule: Optimizer) -> None:
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(25), rng.standard_normal((9, 25))
    ends = []
    for block_bytes in (8 * 6, 1 << 17):
        monkeypatch.setattr(updates, "BLOCK_BYTES", block_bytes)
        updater = Updater(rule, start.copy(), np.empty(25))
        for each in gradients:
            updater.gradient[:] = each
            updater.apply()
        ends.append([updater.theta, *updater.state.values()])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.kind)
def test_fits_single_steps_and_one_fit_end_at_the_same_bytes(rule: Optimizer) -> None:
    whole, parts, single = (chain() for _ in range(3))
    whole.fit(X, Y, optimizer=rule, epochs=4, batch_size=5, shuffle=False)
    for _ in range(4):
        parts.fit(X, Y, optimizer=rule, epochs=1, batch_size=5, shuffle=False)
        for rows in (slice(0, 5), slice(5, 10), slice(10, 13)):
            single.train_step(X[rows], Y[rows], optimizer=rule)
    for other in (parts, single):
        assert other.parameters.vector.tobytes() == whole.parameters.vector.tobytes()
        assert {name: each.tobytes() for name, each in (other.optimizer_state or {}).items()} == {
            name: each.tobytes() for name, each in (whole.optimizer_state or {}).items()
        }


@pytest.mark.parametrize("blocks", [1, 3])
def test_what_was_put_aside_is_never_written_into(monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    monkeypatch.setattr(updates, "BLOCK_BYTES", 8 * (12 // blocks))
    rng = np.random.default_rng(1)
    updater, aside = Updater(Adam(), rng.standard_normal(12), rng.standard_normal(12)), {}
    for steps in (1, 2, 1, 0, 3, 1, 1):
        aside = updater.kept(aside)
        before = {name: each.copy() for name, each in aside.items()}
        for _ in range(steps):
            updater.apply()
        for name, each in aside.items():
            np.testing.assert_array_equal(each, before[name])
            assert steps == 0 or not np.array_equal(updater.state[name], each)
            assert blocks == 3 or not steps or not np.may_share_memory(updater.state[name], each)


class Crossing(Optimizer):
    """What is written for one vector is returned for the other."""

    elementwise: ClassVar[bool] = True

    def initial_state(self, parameters):
        return {"a": np.zeros_like(parameters), "b": np.ones_like(parameters)}

    def update(self, gradient, state, new_state):
        np.add(state["a"], gradient, out=new_state["a"])
        np.multiply(state["b"], 2, out=new_state["b"])
        return -0.01 * new_state["a"], {"a": new_state["b"], "b": new_state["a"]}


@pytest.mark.parametrize("blocks", [1, 3])
def test_arrays_that_change_places_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    monkeypatch.setattr(updates, "BLOCK_BYTES", 8 * (12 // blocks))
    g = np.random.default_rng(0).standard_normal(12)
    updater = Updater(Crossing(), np.zeros(12), g)
    a, b = np.zeros(12), np.ones(12)
    for _ in range(5):
        updater.apply()
        a, b = 2 * b, a + g
    np.testing.assert_array_equal(updater.state["a"], a)
    np.testing.assert_array_equal(updater.state["b"], b)


class Careless(Optimizer):
    """Asks for room for a state that it does not read."""

    def update(self, gradient, new_state):
        return -gradient


def test_new_state_without_state_is_refused() -> None:
    with pytest.raises(ContractError, match=r"Careless\.update asks for new_state"):
        bp.Network.fit(chain(), X, Y, optimizer=Careless())


def test_a_step_of_adam_takes_no_new_vector() -> None:
    updater = Updater(Adam(), np.ones(50_000, np.float32), np.ones(50_000, np.float32))
    for _ in range(3):
        updater.apply()
    tracemalloc.start()
    try:
        updater.apply()
        assert tracemalloc.get_traced_memory()[1] < 20_000  # a vector has 200,000 bytes
    finally:
        tracemalloc.stop()
